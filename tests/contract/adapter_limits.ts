/** The adapter's contract, part four: sizes, protocol faults, readers that stall, peers that fall silent. */
import { assert, assertEquals, assertFalse, assertGreater, assertLess } from "@std/assert";
import { test } from "node:test";
import type { Socket } from "../../src/adapter.ts";
import { encodeFrame, eventually, OPCODE, RUNTIME, type TcpSocket } from "../harness.ts";
import { type AdapterFactory, LIMITS, settled, TestListener } from "./test_listener.ts";

export function limitsContract(factory: AdapterFactory): void {
  sizes(factory);
  faults(factory);
  stalledReaders(factory);
  silentPeers(factory);
}

function sizes(factory: AdapterFactory): void {
  test("adapter: a frame of exactly the limit passes, in one piece or several, in characters of any width", async () => {
    await using listener = await TestListener.start(factory, { maxFrameBytes: 1000 });
    const { peer, socket } = await listener.peer();
    peer.send("x".repeat(1000));
    peer.send("x".repeat(600), { final: false });
    peer.send("y".repeat(400), { opcode: OPCODE.continuation });
    peer.send("é".repeat(500));
    peer.send(new Uint8Array(1000));
    await eventually(() => listener.framesOf(socket).length === 4);
    const expected = ["x".repeat(1000), "x".repeat(600) + "y".repeat(400), "é".repeat(500), new Uint8Array(1000)];
    assertEquals(listener.framesOf(socket), expected);
  });

  const tooLarge: Record<string, (peer: TcpSocket) => void> = {
    "a byte": (peer) => peer.send("x".repeat(1001)),
    "a byte of binary": (peer) => peer.send(new Uint8Array(1001)),
    "a wide character": (peer) => peer.send("x" + "é".repeat(500)),
    "a fragment": (peer) => {
      peer.send("x".repeat(600), { final: false });
      peer.send("x".repeat(401), { opcode: OPCODE.continuation });
    },
  };
  for (const [name, send] of Object.entries(tooLarge)) {
    test(`adapter: a message over the limit by ${name} closes 1009 and is not delivered`, async () => {
      await using listener = await TestListener.start(factory, { maxFrameBytes: 1000 });
      const { peer, socket } = await listener.peer();
      send(peer);
      assertEquals((await listener.endOf(socket)).code, 1009);
      assertEquals((await peer.next()).opcode, OPCODE.close);
      assertEquals(listener.framesOf(socket), []);
    });
  }

  test("adapter: no limit, no refusal", async () => {
    await using listener = await TestListener.start(factory, { maxFrameBytes: 0, maxBufferedBytes: 0 });
    const { client, socket } = await listener.client();
    client.send("x".repeat(1_000_000));
    await eventually(() => listener.framesOf(socket).length === 1);
    for (let i = 0; i < 5; i++) assert(socket.send("y".repeat(1_000_000)));
    await settled({ client, socket });
    assertEquals(client.frames.length, 6);
  });
}

function faults(factory: AdapterFactory): void {
  const fragment = (peer: TcpSocket) => peer.send("hi", { final: false });
  const wrong: [name: string, code: number, send: (peer: TcpSocket) => void][] = [
    ["text that is not UTF-8", 1007, (peer) => peer.send(new Uint8Array([0xff, 0xfe]), { opcode: OPCODE.text })],
    ["reserved bits", 1002, (peer) => peer.write(encodeFrame("hi").map((byte, i) => i === 0 ? byte | 0x40 : byte))],
    ["an unknown opcode", 1002, (peer) => peer.send("hi", { opcode: 3 })],
    ["a continuation of nothing", 1002, (peer) => peer.send("hi", { opcode: OPCODE.continuation })],
    ["a message inside another", 1002, (peer) => (fragment(peer), peer.send("yo"))],
    ["a fragmented ping", 1002, (peer) => peer.send("hi", { opcode: OPCODE.ping, final: false })],
    ["a ping that is too long", 1002, (peer) => peer.send("x".repeat(126), { opcode: OPCODE.ping })],
    ["half a close code", 1002, (peer) => peer.send(new Uint8Array([3]), { opcode: OPCODE.close })],
    ["a close code of the runtime's own", 1002, (peer) => peer.sendClose(1005)],
  ];
  // Deno accepts frames without a mask.
  if (RUNTIME === "bun") wrong.push(["no mask", 1002, (peer) => peer.send("hi", { masked: false })]);
  for (const [name, code, send] of wrong) {
    test(`adapter: ${name} ends the socket with ${code}`, async () => {
      await using listener = await TestListener.start(factory);
      const bystander = await listener.client();
      const { peer, socket } = await listener.peer();
      send(peer);
      assertEquals((await listener.endOf(socket)).code, code);
      await peer.closed;
      assertEquals(listener.framesOf(socket), []);
      await settled(bystander);
      assertEquals(listener.ends.length, 1);
    });
  }

  test("adapter: a client's ping is answered and is no message", async () => {
    await using listener = await TestListener.start(factory);
    const { peer, socket } = await listener.peer();
    peer.send("are you there", { opcode: OPCODE.ping });
    assertEquals(String((await peer.next()).payload), "are you there");
    assertEquals(listener.framesOf(socket), []);
  });
}

const CHUNK = "x".repeat(4000);

/** Publishes, a few in each turn, until the socket's end is told; returns how many. */
async function publishUntilEnd(listener: TestListener, socket: Socket, step: () => void): Promise<number> {
  let published = 0;
  await eventually(() => {
    for (let i = 0; i < 20 && listener.endsOf(socket) === 0; i++, published++) step();
    return listener.endsOf(socket) > 0;
  }, { everyMs: 1, withinMs: 10_000 });
  return published;
}

function stalledReaders(factory: AdapterFactory): void {
  test("adapter: a reader that stalls costs its limit, is cut with 4409, once, and disturbs nobody", {
    timeout: 20_000,
  }, async () => {
    await using listener = await TestListener.start(factory);
    const reader = await listener.client();
    const { peer, socket } = await listener.peer();
    for (const one of [reader.socket, socket]) one.subscribe("t");
    peer.stopReading();
    let peak = 0;
    const published = await publishUntilEnd(listener, socket, () => {
      listener.adapter.publish("t", CHUNK);
      peak = Math.max(peak, socket.bufferedBytes);
    });
    assertGreater(peak, 0);
    assertLess(peak, LIMITS.maxBufferedBytes + 20 * CHUNK.length);
    assertEquals((await listener.endOf(socket)).code, 4409);
    assertFalse(socket.send("x"));
    listener.adapter.publish("t", "goes on");
    await reader.client.next((frame) => frame === "goes on");
    assertEquals(reader.client.frames.length, published + 1);
    assertEquals(listener.adapter.zombies, RUNTIME === "deno" ? 1 : 0);
    peer.destroy();
    await eventually(() => listener.adapter.zombies === 0);
    assertEquals(listener.ends.length, 1);
  });

  test(
    "adapter: a reader that stalls is cut by sends too, and what it got has no hole",
    { timeout: 20_000 },
    async () => {
      await using listener = await TestListener.start(factory);
      const { peer, socket } = await listener.peer();
      peer.stopReading();
      let [taken, refused] = [0, 0];
      await publishUntilEnd(listener, socket, () => {
        if (socket.send(`${taken}`.padEnd(4000))) taken++;
        else refused++;
      });
      assertGreater(refused, 0);
      assertEquals(await listener.endOf(socket).then(({ code }) => code), 4409);
      peer.readOn();
      await peer.closed;
      const texts = peer.inbox.all.filter(({ opcode }) => opcode === OPCODE.text).map(({ payload }) => Number(payload));
      assertEquals(texts, Array.from(texts, (_, i) => i));
      assertLess(texts.length, taken + 1);
    },
  );

  test("adapter: a burst of large messages cuts nobody who reads, and is heard whole before its sender's end", {
    timeout: 20_000,
  }, async () => {
    await using listener = await TestListener.start(factory, {
      open: (socket) => socket.subscribe("room"),
      message: (_socket, frame) => listener.adapter.publish("room", frame),
    });
    const readers = await Promise.all(Array.from({ length: 10 }, () => listener.client()));
    const { peer, socket } = await listener.peer();
    const text = "x".repeat(16_000);
    for (let n = 0; n < 60; n++) peer.send(`${n} ${text}`);
    peer.sendClose(1000);
    assertEquals((await listener.endOf(socket)).code, 1000);
    assertEquals(listener.framesOf(socket).length, 60);
    for (const { client } of readers) {
      await eventually(() => client.frames.length === 60);
      assertEquals(client.frames.map((frame) => parseInt(String(frame))), Array.from({ length: 60 }, (_, n) => n));
    }
  });

  test("adapter: a reader that was slow and caught up is not taken for a slow one when it leaves", async () => {
    await using listener = await TestListener.start(factory, { maxBufferedBytes: 16 * 1024 * 1024 });
    const { peer, socket } = await listener.peer();
    socket.subscribe("t");
    peer.stopReading();
    await eventually(() => {
      for (let i = 0; i < 100; i++) listener.adapter.publish("t", CHUNK);
      return socket.bufferedBytes > 0;
    }, { everyMs: 1 });
    peer.readOn();
    await eventually(() => socket.bufferedBytes === 0);
    peer.destroy();
    assertEquals((await listener.endOf(socket)).code, 1006);
  });

  test("adapter: many stalled readers, each cut with 4409", { timeout: 20_000 }, async () => {
    await using listener = await TestListener.start(factory);
    const stalled = await Promise.all(Array.from({ length: 8 }, () => listener.peer()));
    for (const { peer, socket } of stalled) {
      socket.subscribe("t");
      peer.stopReading();
    }
    await eventually(() => {
      for (let i = 0; i < 20; i++) listener.adapter.publish("t", CHUNK);
      return listener.ends.length === stalled.length;
    }, { everyMs: 1, withinMs: 15_000 });
    assertEquals(listener.ends.map(({ code }) => code), stalled.map(() => 4409));
  });
}

function silentPeers(factory: AdapterFactory): void {
  // The shortest that Bun counts is eight seconds.
  const idleTimeoutMs = RUNTIME === "bun" ? 8_000 : 400;

  test("adapter: a silent peer ends with 4408, one that answers pings stays, and a long poll is left to wait", {
    timeout: 40_000,
  }, async () => {
    const { promise: answer, resolve: respond } = Promise.withResolvers<Response>();
    await using listener = await TestListener.start(factory, { idleTimeoutMs, fetch: () => answer });
    const poll = fetch(listener.url());
    const silent = await listener.peer({ pongs: false });
    const answering = await listener.peer();
    assertEquals((await listener.endOf(silent.socket, 15_000)).code, 4408);
    // Three pings outlast the ten seconds after which Bun by itself gives a request up.
    await eventually(() => answering.peer.pings >= 3, { withinMs: 15_000 });
    answering.socket.send("still here");
    assertEquals(await answering.peer.nextText(), "still here");
    assertEquals(listener.ends.length, 1);
    respond(new Response("news"));
    assertEquals(await (await poll).text(), "news");
  });

  test("adapter: an idle timeout of any length is accepted", async () => {
    await using listener = await TestListener.start(factory);
    for (const ms of [0, 1, 8_001, 960_000, 86_400_000]) listener.listen({ idleTimeoutMs: ms });
    assertEquals(listener.ports.length, 6);
  });
}
