/**
 * `parley-client/testing`: a server for tests of programs that use the client, in the same process, with a clock that the
 * test turns and cuts on its command.
 *
 * It speaks as much of the envelope dialect as rooms need, frame by frame as the real server does; it checks no signature
 * and holds nobody to a rate.
 */
export { type FakeConnection, FakeServer, type FakeServerOptions } from "./testing/fake_server.ts";
export type { TokenContent } from "./testing/identity.ts";
export type { RefusalReason } from "./testing/refusal.ts";
