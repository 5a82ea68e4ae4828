import { type Client, createClient } from "parley-client";
import { type FakeConnection, FakeServer, type FakeServerOptions, type RefusalReason } from "parley-client/testing";

const options: FakeServerOptions = { historySize: 10, mayJoin: (user, room) => user === room };
const server = new FakeServer(options);
const client: Client = createClient("wss://rt.example.com/websocket/connect", { platform: server.platform });
client.connect();
await server.advance(1000);
const reason: RefusalReason = "full";
server.refuse(reason, { retryAfterMs: 5000 });
export const connections: readonly FakeConnection[] = server.connections;
