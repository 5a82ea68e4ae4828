/** What time brings about: ends of tokens and deadlines, typing that stops. */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { memoryBroker } from "../memory_broker.ts";
import { Sweep } from "../../src/hub/sweep.ts";
import { TestCore, type TestCoreOptions, token } from "../test_core.ts";
import { eventually } from "../harness.ts";

function open(options: TestCoreOptions = {}): { core: TestCore; sweep: Sweep } & Disposable {
  const broker = memoryBroker();
  const core = new TestCore(broker, options);
  const sweep = new Sweep(core.hub);
  return {
    core,
    sweep,
    [Symbol.dispose]() {
      sweep.stop();
      broker.close();
    },
  };
}

test("a token's end is told and closes 4401; one that has none, or a later one, goes on", async () => {
  using opened = open();
  const connect = (user: string, expiresAtMs?: number) =>
    opened.core.connect(`/websocket/connect?token=${token(user, { expiresAtMs })}`);
  const [over, endless, later] = [
    await connect("a", Date.now() - 1),
    await connect("b"),
    await connect("c", Date.now() + 60_000),
  ];
  await eventually(() => over.closed);
  assertEquals(over.closed, { code: 4401, reason: "Token expired" });
  assertEquals(over.heard({ type: "error" }).map(({ data }) => (data as { code: string }).code), ["token_expired"]);
  assertEquals([endless.closed, later.closed], [undefined, undefined]);
});

test("who does not authenticate in time is told and closed 1008, but not while a token of its is looked at", async () => {
  using opened = open({ websocketRequireAuth: true, websocketConnectionTimeoutMs: 100 });
  const [silent, slow] = [
    await opened.core.connect("/ws?dialect=plain"),
    await opened.core.connect("/ws?dialect=plain"),
  ];
  let verified = (_: unknown) => {};
  const { verifier } = opened.core.hub;
  const pending = new Promise((resolve) => verified = resolve);
  const verify = verifier.verify;
  verifier.verify = async (shown) => {
    await pending;
    return await verify(shown);
  };
  slow.say({ type: "authenticate", token: token("eve") });
  await eventually(() => silent.closed);
  assertEquals(silent.closed, { code: 1008, reason: "Authentication timeout" });
  assertEquals(String(silent.frames[0]!.content).startsWith("Connection Timeout"), true);
  verified(undefined);
  await eventually(() => slow.heard({ type: "authenticated" })[0]);
  assertEquals(slow.closed, undefined);
});

test("typing stops with the typist, for the others", async () => {
  using opened = open();
  const [typist, other] = [
    await opened.core.connect("/ws?dialect=kebab"),
    await opened.core.connect("/ws?dialect=kebab"),
  ];
  for (const each of [typist, other]) each.say({ type: "join-room", roomId: "hall" });
  typist.say({ type: "typing-start", roomId: "hall" });
  assertEquals(opened.core.hub.typing.takeExpired(performance.now() + 5000), []);
  typist.close(1000, "");
  await eventually(() => other.heard({ type: "user-left" })[0]);
  assertEquals(other.frames.map(({ type }) => type).slice(-3), ["typing-start", "typing-stop", "user-left"]);
  other.say({ type: "typing-start", roomId: "hall" });
  assertEquals(opened.core.hub.typing.takeExpired(performance.now() + 6001).map(({ room }) => room), ["hall"]);
  assertEquals(opened.core.hub.typing.takeExpired(performance.now() + 60_000), []);
});

test("a buffer that does not drain in time ends its connection, one that did meanwhile does not", async () => {
  using opened = open({ websocketWriteWaitMs: 1000 });
  const [stalled, slow] = [await opened.core.connect("/ws"), await opened.core.connect("/ws")];
  stalled.bufferedBytes = slow.bufferedBytes = 1;
  const all = [...opened.core.hub.connections.values()];
  await eventually(() => all.every(({ stalledSince }) => stalledSince > 0));
  slow.bufferedBytes = 0;
  await eventually(() => stalled.closed);
  assertEquals([stalled.closed?.code, slow.closed], [4409, undefined]);
});

test("whether a peer reads is asked of those that did not in every pass, of all others in one of four", async () => {
  using opened = open({ websocketWriteWaitMs: 60_000 });
  const sockets = [await opened.core.connect("/ws"), await opened.core.connect("/ws")] as const;
  const asked = [0, 0];
  for (const [index, socket] of sockets.entries()) {
    Object.defineProperty(socket, "bufferedBytes", {
      get() {
        asked[index]!++;
        return index;
      },
    });
  }
  const [, stalled] = [...opened.core.hub.connections.values()];
  await eventually(() => stalled!.stalledSince > 0, { withinMs: 8_000 });
  asked.fill(0);
  await eventually(() => asked[1]! >= 4, { withinMs: 8_000 });
  assertEquals(asked[0]! <= 2, true, `${asked[0]} times of the one that reads, ${asked[1]} of the other`);
});
