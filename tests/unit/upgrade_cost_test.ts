/**
 * What an upgrade costs before anything is known of its client: its URL is taken apart once, and each header is read once.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { HeldSockets } from "../../src/gateway/held_sockets.ts";
import { Transports } from "../../src/gateway/transports.ts";
import { TestCore, token } from "../test_core.ts";
import { memoryBroker } from "../memory_broker.ts";

const PEER = { address: "192.0.2.1", port: 3000, secure: false };

/** The names of the headers that are read of it, as often as they are. */
function counted(path: string, headers: Record<string, string>): { request: Request; read: string[] } {
  const request = new Request(`http://parley.test${path}`, { headers });
  const read: string[] = [];
  const { headers: all, url } = request;
  const note = (name: string) => {
    read.push(name);
    return all;
  };
  const seen = { get: (name: string) => note(name).get(name), has: (name: string) => note(name).has(name) };
  return { request: { url, method: "GET", headers: seen } as unknown as Request, read };
}

async function countUrls(run: () => unknown): Promise<number> {
  const { URL } = globalThis;
  let count = 0;
  globalThis.URL = class extends URL {
    constructor(...given: ConstructorParameters<typeof URL>) {
      super(...given);
      count++;
    }
  } as typeof URL;
  try {
    await run();
  } finally {
    globalThis.URL = URL;
  }
  return count;
}

const never = () => {
  throw new Error("it is not this transport's");
};

for (
  const [what, path, headers] of [
    ["a guest", "/ws/lobby", {}],
    ["a user with a token in the URL", `/ws?token=${token("ann")}`, {}],
    ["a user with a token beside a dialect", "/ws", {
      "sec-websocket-protocol": "parley.plain, parley.bearer.%7B%22user%22%3A%22ann%22%2C%22rooms%22%3A%5B%5D%7D",
    }],
  ] as const
) {
  test(`the upgrade of ${what} takes its URL apart once and reads no header twice`, async () => {
    const core = new TestCore(memoryBroker(), { trustProxy: 1 });
    const other = { fetch: never, upgrade: never, open: never, message: never, close: never, owns: () => false };
    const place = { transport: other, dialect: "socketio", path: "/socket.io/" };
    const handler = new HeldSockets(new Transports(core.gateway, place), core.admission);
    const { request, read } = counted(path, headers);
    const urls = await countUrls(async () => assert(!(await handler.upgrade(request, PEER) instanceof Response)));
    assertEquals(urls, 1);
    assertEquals(read.toSorted(), [...new Set(read)].toSorted());
  });
}
