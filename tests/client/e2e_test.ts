/**
 * The client against the real server, through a proxy that does the worst a network can do without lying.
 */
import { after, before, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import NodeWebSocket from "ws";
import type { Platform } from "../../src/client/platform.ts";
import { eventually, type ServerProcess } from "../harness.ts";
import { FaultProxy } from "./fault_proxy.ts";
import { ADMIN_TOKEN, chance, clientOf, CONNECT, startParley, tokenOf, UNFORGETTING } from "./real_server.ts";

let server: ServerProcess;
before(async () => server = await startParley());
after(() => server[Symbol.asyncDispose]());

/** 5 s of the field are 250 ms here. */
const LONGEST_CUT_MS = 250;
const CUTS = 100;
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const IMPLEMENTATIONS: Record<string, Partial<Platform>> = {
  "the runtime's WebSocket": {},
  "the ws package": { WebSocket: NodeWebSocket as unknown as Platform["WebSocket"] },
};

for (const [name, platform] of Object.entries(IMPLEMENTATIONS)) {
  test(
    `${CUTS} random cuts under a steady flow lose and duplicate nothing: ${name}`,
    { timeout: 120_000 },
    async () => {
      await using unforgetting = await startParley(UNFORGETTING);
      await using proxy = await FaultProxy.open(unforgetting.port);
      const room = `flow-${name.length}`;
      const gaps: unknown[] = [];
      const clients = ["ann", "bob"].map((user) => clientOf(user, proxy.url(CONNECT), { platform, maxMessages: 1e5 }));
      const rooms = clients.map((client) => client.room(room));
      for (const client of clients) {
        client.on("gap", (gap) => gaps.push(gap));
        client.connect();
      }
      await Promise.all(rooms.map((one) => one.join()));

      const random = chance(20260101 + name.length);
      const receipts: Promise<unknown>[] = [];
      let isFlowing = true;
      const flow = (async () => {
        while (isFlowing) {
          receipts.push(rooms[receipts.length % 2].send(`${receipts.length}`));
          await wait(20);
        }
      })();
      for (let cut = 0; cut < CUTS; cut++) await misbehave(proxy, random);
      isFlowing = false;
      await flow;
      await Promise.all(receipts);

      const expected = receipts.length;
      await eventually(() => rooms.every(({ messages }) => messages.length >= expected), { withinMs: 10_000 });
      const [ann, bob] = rooms.map(({ messages }) => messages.map((frame) => frame.data.text));
      assertEquals(ann, bob, "both see one order");
      assertEquals(ann.length, expected, "nothing twice");
      assertEquals(new Set(ann).size, expected, "nothing lost");
      assertEquals(gaps, []);
      assert(proxy.accepted > CUTS / 4, `the cuts were felt: ${proxy.accepted} connections`);
      for (const client of clients) client.close();
    },
  );
}

/** One of a network's habits, for up to `LONGEST_CUT_MS`, and then some peace. */
async function misbehave(proxy: FaultProxy, random: () => number): Promise<void> {
  const habit = Math.floor(random() * 4);
  const forMs = LONGEST_CUT_MS * (0.02 + 0.98 * random());
  proxy.delayMs = random() < 0.3 ? 5 : 0;
  if (habit === 0) proxy.stall();
  if (habit === 1) proxy.closeWith([1001, 1006, 1011, 1012, 1013][Math.floor(random() * 5)]);
  if (habit >= 2) proxy.cut();
  proxy.isRefusing = habit !== 0;
  await wait(forMs);
  proxy.isRefusing = false;
  if (habit === 0 && random() < 0.5) proxy.cut();
  proxy.resume();
  await wait(20 + 130 * random());
}

test("a stalled connection is found dead, and replaced", { timeout: 20_000 }, async () => {
  await using proxy = await FaultProxy.open(server.port);
  const client = clientOf("ann", proxy.url(CONNECT), { heartbeatMs: 100, heartbeatTimeoutMs: 150 });
  client.connect();
  await eventually(() => client.isOpen);
  proxy.stall();
  await eventually(() => proxy.accepted === 2 && client.isOpen);
  client.close();
});

test("a message sent while away arrives once, whatever was acknowledged", { timeout: 20_000 }, async () => {
  await using proxy = await FaultProxy.open(server.port);
  const client = clientOf("ann", proxy.url(CONNECT));
  const room = client.room("away");
  client.connect();
  await room.join();
  const sent = room.send("in flight");
  proxy.cut();
  const queued = room.send("queued");
  const receipts = await Promise.all([sent, queued]);
  await eventually(() => room.messages.length === 2);
  assertEquals(room.messages.map((frame) => frame.message_id), receipts.map((receipt) => receipt.id));
  client.close();
});

test("kicked: closed, and it stays so", { timeout: 20_000 }, async () => {
  const client = clientOf("mallory", server.ws(CONNECT));
  client.connect();
  await eventually(() => client.isOpen);
  const response = await fetch(`${server.url}/websocket/connections/${client.status.connectionId}`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  await response.body?.cancel();
  await eventually(() => client.status.state === "closed");
  assertEquals(client.status.reason, "kicked");
});

test("a short-lived token is refreshed in-band: the connection lives on", { timeout: 20_000 }, async () => {
  let served = 0;
  const client = clientOf("ann", server.ws(CONNECT), {
    token: () => tokenOf("ann", { ttlSeconds: 3, note: String(served++) }),
  });
  let losses = 0;
  client.on("disconnect", () => losses++);
  client.connect();
  await eventually(() => client.isOpen);
  await eventually(() => served >= 3, { withinMs: 12_000 });
  assertEquals(losses, 0);
  client.close();
});

test("an expired token with no other: closed as token_expired", { timeout: 20_000 }, async () => {
  const client = clientOf("ann", server.ws(CONNECT), { token: tokenOf("ann", { ttlSeconds: 1 }) });
  client.connect();
  await eventually(() => client.status.state === "closed", { withinMs: 10_000 });
  assertEquals(client.status.reason, "token_expired");
});

test("rooms of two: presence, typing, signals, history, direct messages", { timeout: 20_000 }, async () => {
  const [ann, bob] = ["ann", "bob"].map((user) => clientOf(user, server.ws(CONNECT)));
  ann.connect();
  bob.connect();
  await Promise.all([ann.room("tea").join(), bob.room("tea").join()]);
  await eventually(() => ann.room("tea").members.length === 2);
  bob.room("tea").typing();
  await eventually(() => ann.room("tea").getSnapshot().typing[0] === "bob");
  const waves: unknown[] = [];
  ann.room("tea").on("wave", (data: { hand: string }) => waves.push(data.hand));
  await bob.room("tea").signal("wave", { hand: "left" });
  for (let n = 0; n < 5; n++) await bob.room("tea").send(`${n}`);
  await eventually(() => waves.length === 1 && ann.room("tea").messages.length === 5);
  const carl = clientOf("carl", server.ws(CONNECT));
  carl.connect();
  await carl.room("tea").join();
  assertEquals(await carl.room("tea").history(3), true);
  assertEquals(await carl.room("tea").history(3), false);
  assertEquals(carl.room("tea").messages.map((frame) => frame.data.text), ["0", "1", "2", "3", "4"]);
  const direct: unknown[] = [];
  bob.on("message", (data, frame) => frame.to && direct.push(data.text));
  await ann.send({ to: "bob" }, "psst");
  await eventually(() => direct[0] === "psst");
  for (const client of [ann, bob, carl]) client.close();
});

test("a room nobody may join says why", { timeout: 20_000 }, async () => {
  const client = clientOf("ann", server.ws(CONNECT));
  client.connect();
  assertEquals(await client.room("user:bob").join().catch((error) => error.code), "forbidden");
  client.close();
});

test("history too short for the absence: a gap, and the newest messages", { timeout: 20_000 }, async () => {
  await using proxy = await FaultProxy.open(server.port);
  const ann = clientOf("ann", proxy.url(CONNECT));
  const bob = clientOf("bob", server.ws(CONNECT));
  const gaps: unknown[] = [];
  ann.connect();
  bob.connect();
  ann.room("busy").on("gap", (gap: unknown) => gaps.push(gap));
  await Promise.all([ann.room("busy").join(), bob.room("busy").join()]);
  await bob.room("busy").send("before");
  await eventually(() => ann.room("busy").messages.length === 1);
  proxy.isRefusing = true;
  proxy.cut();
  for (let n = 0; n < 120; n++) await bob.room("busy").send(`${n}`);
  proxy.isRefusing = false;
  await eventually(() => gaps.length === 1);
  const { messages } = ann.room("busy");
  assertEquals(messages.at(-1)?.data.text, "119");
  const offsets = messages.map((frame) => frame.position?.offset ?? 0);
  assertEquals(offsets, offsets.map((_, index) => offsets[0] + index), "what is left is one stretch");
  for (const client of [ann, bob]) client.close();
});
