/** The adapter's contract, part three: how a socket ends, from either side, and that the handler learns of it once. */
import { assert, assertEquals, assertFalse, assertGreater, assertMatch, assertRejects } from "@std/assert";
import { connect } from "node:net";
import { test } from "node:test";
import { eventually, RUNTIME, TestSocket } from "../harness.ts";
import { type AdapterFactory, pathOf, settled, TestListener } from "./test_listener.ts";

export function endsContract(factory: AdapterFactory): void {
  byTheClient(factory);
  byTheServer(factory);
  insideHandlers(factory);
  unanswered(factory);
  stopping(factory);
}

function byTheClient(factory: AdapterFactory): void {
  test("adapter: the client's code and reason reach the handler", async () => {
    await using listener = await TestListener.start(factory);
    for (const [code, reason] of [[1000, ""], [3000, "abc"], [4999, "zwölf"]] as [number, string][]) {
      const { client, socket } = await listener.client();
      await client.close(code, reason);
      assertEquals(await listener.endOf(socket), { code, reason });
    }
  });

  test("adapter: a close frame without a code is 1005, no close frame is 1006", async () => {
    await using listener = await TestListener.start(factory);
    const silent = await listener.peer();
    silent.peer.sendEmptyClose();
    assertEquals(await listener.endOf(silent.socket), { code: 1005, reason: "" });
    const cut = await listener.peer();
    cut.peer.destroy();
    assertEquals(await listener.endOf(cut.socket), { code: 1006, reason: "" });
    const half = await listener.peer();
    half.peer.halfClose();
    assertEquals(await listener.endOf(half.socket), { code: 1006, reason: "" });
  });

  test("adapter: an end is told once, however untidy", async () => {
    await using listener = await TestListener.start(factory);
    const all = await Promise.all(Array.from({ length: 12 }, () => listener.peer()));
    for (const [i, { peer, socket }] of all.entries()) {
      if (i % 2 === 0) peer.sendClose(1000);
      if (i % 3 === 0) peer.destroy();
      socket.send("into the void");
      if (i % 4 === 0) socket.close(4000, "");
      if (i % 4 === 1) socket.abandon(4409, "");
      if (i % 4 === 2) peer.halfClose();
      peer.destroy();
      socket.close(4001, "");
    }
    for (const { socket } of all) await listener.endOf(socket);
    await eventually(() => listener.adapter.zombies === 0);
    assertEquals(listener.ends.length, all.length);
  });
}

function byTheServer(factory: AdapterFactory): void {
  test("adapter: the server's code and reason reach both sides", async () => {
    await using listener = await TestListener.start(factory);
    const ends: [number, string][] = [[1000, ""], [1001, "restart"], [1008, "no"], [1013, "later"], [4401, "expired"]];
    for (const [code, reason] of ends) {
      const { client, socket } = await listener.client();
      socket.close(code, reason);
      assertEquals(await client.closed, { code, reason });
      assertEquals(await listener.endOf(socket), { code, reason });
    }
  });

  test("adapter: what was sent before the close arrives before it", async () => {
    await using listener = await TestListener.start(factory);
    const { client, socket } = await listener.client();
    const frames = Array.from({ length: 50 }, (_, i) => `${i}`.padEnd(1000));
    for (const frame of frames) socket.send(frame);
    socket.close(4000, "");
    await client.closed;
    assertEquals(client.frames, frames);
  });

  test("adapter: the first close decides, later ones change nothing", async () => {
    await using listener = await TestListener.start(factory);
    const { client, socket } = await listener.client();
    socket.close(4001, "first");
    socket.close(4002, "second");
    socket.abandon(4003, "third");
    assertEquals(await client.closed, { code: 4001, reason: "first" });
    assertEquals(await listener.endOf(socket), { code: 4001, reason: "first" });
    socket.close(4004, "fourth");
    assertFalse(socket.send("x"));
    assertEquals(listener.endsOf(socket), 1);
  });

  test("adapter: a reason too long for a close frame is cut between two characters", async () => {
    await using listener = await TestListener.start(factory);
    const { client, socket } = await listener.client();
    const reason = "é".repeat(100);
    socket.close(1008, reason);
    assertEquals(await client.closed, { code: 1008, reason: "é".repeat(61) });
    assertEquals(await listener.endOf(socket), { code: 1008, reason });
  });

  test("adapter: an abandoned socket gets no closing, its handler learns why", async () => {
    await using listener = await TestListener.start(factory);
    const { socket } = await listener.client();
    socket.abandon(4409, "too slow");
    assertFalse(socket.send("x"));
    assertEquals(await listener.endOf(socket), { code: 4409, reason: "too slow" });
  });
}

function insideHandlers(factory: AdapterFactory): void {
  test("adapter: the handler is never called from inside a call", async () => {
    await using listener = await TestListener.start(factory);
    const [closed, abandoned] = [await listener.client(), await listener.client()];
    closed.socket.close(4000, "");
    assertEquals(listener.ends, []);
    abandoned.socket.abandon(4409, "");
    assertEquals(listener.ends, []);
    await Promise.resolve();
    assertEquals(listener.ends.map(({ code }) => code), [4000, 4409]);
  });

  test("adapter: a socket may be closed when it opens, and when it gets a message", async () => {
    await using listener = await TestListener.start(factory, { open: (socket) => socket.close(1013, "full") });
    const { client, socket } = await listener.client();
    assertEquals(await client.closed, { code: 1013, reason: "full" });
    assertEquals(await listener.endOf(socket), { code: 1013, reason: "full" });
    const [port] = listener.listen({ message: (socket) => socket.close(4429, "") });
    const second = await listener.client({ port });
    for (const frame of ["1", "2", "3"]) second.client.send(frame);
    assertEquals((await second.client.closed).code, 4429);
    assertEquals(listener.framesOf(second.socket), ["1"]);
  });

  test("adapter: a peer that has sent more in the meantime is told the code all the same", async () => {
    await using listener = await TestListener.start(factory);
    const [port] = listener.listen({ message: (socket) => socket.close(4429, "too many") });
    const { peer } = await listener.peer({ port });
    for (let n = 0; n < 100; n++) peer.send(String(n));
    assertEquals(await peer.closed, { code: 4429, reason: "too many" });
  });

  test("adapter: a greeting sent when the socket opens is its first frame", async () => {
    await using listener = await TestListener.start(factory, { open: (socket) => void socket.send("welcome") });
    const one = await listener.client();
    await settled(one);
    assertEquals(one.client.frames[0], "welcome");
  });
}

function unanswered(factory: AdapterFactory): void {
  test("adapter: a peer that does not agree to a close is over for the handler all the same", async () => {
    await using listener = await TestListener.start(factory);
    const { peer, socket } = await listener.peer({ agrees: false });
    socket.close(4403, "out");
    assertEquals(await listener.endOf(socket), { code: 4403, reason: "out" });
    peer.send("still talking");
    const { socket: next, client } = await listener.client();
    await settled({ socket: next, client });
    assertEquals(listener.framesOf(socket), []);
    peer.destroy();
    await eventually(() => listener.adapter.zombies === 0);
    assertEquals(listener.endsOf(socket), 1);
  });

  test("adapter: who is held is told before the end of the socket, and who was let go of when that happens", async () => {
    const heldAtEnd: string[][] = [];
    const listener: TestListener = await TestListener.start(factory, {
      upgrade: (request) => ({ context: pathOf(request), address: `of ${pathOf(request)}` }),
      close: () => void heldAtEnd.push([...listener.held]),
    });
    await using _ = listener;
    const silent = await Promise.all([1, 2].map(() => listener.peer({ agrees: false })));
    const polite = await listener.client();
    for (const { socket } of [...silent, polite]) socket.close(4000, "");
    await polite.client.closed;
    for (const { socket } of silent) await listener.endOf(socket);
    // Bun never says when it lets go, which it does after some seconds.
    const expected = RUNTIME === "deno" ? ["of /0", "of /1"] : [];
    await eventually(() => listener.adapter.zombies === expected.length);
    assertEquals(listener.held.sort(), expected);
    assertEquals(heldAtEnd.map((held) => held.length), RUNTIME === "deno" ? [1, 2, 3] : [0, 0, 0]);
    for (const { peer } of silent) peer.destroy();
    await eventually(() => listener.held.length + listener.adapter.zombies === 0);
  });
}

function stopping(factory: AdapterFactory): void {
  test("adapter: stop closes sockets and listeners, and waits until everybody was told", async () => {
    const listener = await TestListener.start(factory, { ports: [0, 0] });
    const clients = [await listener.client(), await listener.client({ port: listener.ports[1] })];
    await listener.adapter.stop();
    assertEquals(listener.ends.map(({ code, reason }) => [code, reason]), clients.map(() => [1001, "server stopped"]));
    for (const { client } of clients) assertEquals(await client.closed, { code: 1001, reason: "server stopped" });
    for (const port of listener.ports) await assertRejects(() => fetch(listener.url(port)));
    assertEquals(listener.adapter.zombies, 0);
    await listener.adapter.stop();
    listener.adapter.publish("t", "nobody hears");
  });

  test("adapter: a closing said before stop arrives, and all that was sent before it, also at a slow reader", async () => {
    await using listener = await TestListener.start(factory, { maxBufferedBytes: 0 });
    const { peer, socket } = await listener.peer();
    peer.stopReading();
    // More than a kernel's buffers take.
    const frames = Array.from({ length: 160 }, (_, i) => `${i}`.padEnd(50_000));
    for (const frame of frames) socket.send(frame);
    assertGreater(socket.bufferedBytes, 0);
    socket.close(4000, "moved");
    const stopped = listener.adapter.stop();
    peer.readOn();
    await stopped;
    assertEquals(await peer.closed, { code: 4000, reason: "moved" });
    assertEquals(peer.inbox.all.slice(0, -1).map(({ payload }) => String(payload)), frames);
    assertEquals(listener.ends.length, 1);
  });

  test("adapter: stop does not wait for peers that do not read, nor for answers that do not come", async () => {
    const { promise: never } = Promise.withResolvers<Response>();
    let asked = false;
    const listener = await TestListener.start(factory, {
      fetch: () => {
        asked = true;
        return never;
      },
    });
    const { peer, socket } = await listener.peer();
    peer.stopReading();
    const poll = fetch(listener.url()).then(() => "answered", () => "cut");
    await eventually(() => asked);
    await listener.adapter.stop();
    assertEquals(listener.endsOf(socket), 1);
    assertEquals(await poll, "cut");
    peer.destroy();
  });

  test("adapter: until the end of a stop plain requests are served as ever, and upgrades are refused", async () => {
    const { promise: never } = Promise.withResolvers<Response>();
    let asked = false;
    const listener = await TestListener.start(factory, {
      fetch: (request) => {
        if (pathOf(request) !== "/never") return new Response(`plain ${pathOf(request)}`);
        asked = true;
        return never;
      },
    });
    const [plain, upgrade] = [await rawConnection(listener.ports[0]), await rawConnection(listener.ports[0])];
    // All but their last line: a connection that asks for nothing may be closed at once.
    plain.write("GET /livez HTTP/1.1\r\nHost: localhost\r\n");
    upgrade.write(
      "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
    );
    // It keeps the stop from ending at once, and so does a peer that does not agree.
    const poll = fetch(`${listener.url()}/never`).then(() => "answered", () => "cut");
    await listener.peer({ agrees: false });
    await eventually(() => asked);
    const upgrades = listener.peers.length;
    const stopped = listener.adapter.stop();
    for (const { write } of [plain, upgrade]) write("\r\n");
    await stopped;
    assertEquals(await poll, "cut");
    assertMatch(await plain.all, /^HTTP\/1.1 200 [^]*plain \/livez$/);
    const refusal = await upgrade.all;
    assertMatch(refusal, /^HTTP\/1.1 503 [^]*content-type: application\/json/i);
    assertMatch(refusal, /\{"error":"[^"]+","code":"unavailable"\}$/);
    assertEquals(listener.peers.length, upgrades, "the handler was not asked");
  });

  test("adapter: a socket that opens during a stop is closed", async () => {
    const { promise: grant, resolve: decide } = Promise.withResolvers<{ context: string }>();
    const listener = await TestListener.start(factory, {
      upgrade: (request) => pathOf(request) === "/late" ? grant : { context: pathOf(request) },
    });
    const late = listener.handshake({ path: "/late" });
    await eventually(() => listener.peers.length === 1);
    const stopped = listener.adapter.stop();
    decide({ context: "late" });
    assertEquals(await (await late).closed, { code: 1001, reason: "server stopped" });
    await stopped;
    assertEquals(listener.ends.map(({ code }) => code), [1001]);
  });

  test("adapter: an adapter that never listened can be stopped, and one that stopped can listen again", async () => {
    await using listener = new TestListener(await factory());
    await listener.adapter.stop();
    const [port] = listener.listen({});
    const client = await TestSocket.open(`ws://127.0.0.1:${port}/`);
    assert(client.isOpen);
  });
}

/** A connection by hand; `all` is what came when it has ended. */
async function rawConnection(port: number): Promise<{ write(text: string): void; all: Promise<string> }> {
  const socket = connect(port, "127.0.0.1");
  const ended = Promise.withResolvers<string>();
  let text = "";
  socket.on("data", (chunk) => text += chunk);
  socket.on("error", () => socket.destroy());
  socket.on("close", () => ended.resolve(text));
  await new Promise((resolve) => socket.once("connect", resolve));
  return { write: (text) => void socket.write(text), all: ended.promise };
}
