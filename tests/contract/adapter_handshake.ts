/** The adapter's contract, part one: plain requests, upgrades granted and refused, subprotocols, ports and TLS. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { test } from "node:test";
import { connect } from "node:tls";
import { ParleyError } from "../../src/errors.ts";
import { eventually, freePort, RUNTIME, TestSocket } from "../harness.ts";
import { selfSigned } from "../self_signed.ts";
import { type AdapterFactory, pathOf, TestListener } from "./test_listener.ts";

export function handshakeContract(factory: AdapterFactory): void {
  requests(factory);
  upgrades(factory);
  subprotocols(factory);
  ports(factory);
}

function requests(factory: AdapterFactory): void {
  test("adapter: plain requests are answered beside the sockets", async () => {
    await using listener = await TestListener.start(factory, {
      fetch: (request, { address, port, secure }) => Response.json([pathOf(request), address, port, secure]),
    });
    const response = await fetch(`${listener.url()}/status`);
    assertEquals(await response.json(), ["/status", "127.0.0.1", listener.ports[0], false]);
  });

  test("adapter: an answer may take its time", async () => {
    await using listener = await TestListener.start(factory, {
      fetch: async (request) => new Response(await request.text() + "!"),
    });
    const response = await fetch(listener.url(), { method: "POST", body: "late" });
    assertEquals(await response.text(), "late!");
  });

  test("adapter: a request without Upgrade is a plain one, and so is one for another protocol", async () => {
    await using listener = await TestListener.start(factory);
    for (const Upgrade of [null, "h2c"]) {
      const peer = await listener.handshake({ headers: { Upgrade, Connection: "close" } });
      assertEquals([peer.status, await peer.body()], [200, "plain"]);
    }
    assertEquals(listener.peers, []);
  });

  test("adapter: a connection that is closed after the answer says so", async () => {
    await using listener = await TestListener.start(factory);
    const peer = await listener.handshake({ headers: { Upgrade: null, Connection: "close" } });
    assertEquals(peer.headers.get("connection"), "close");
    await peer.closed;
  });
}

function upgrades(factory: AdapterFactory): void {
  test("adapter: a Host that is none is refused before anybody looks at the address", async () => {
    await using listener = await TestListener.start(factory);
    for (const host of ["a b", "[", ":::9"]) {
      const peer = await listener.handshake({ headers: { "Host": host } });
      assertEquals([peer.status, listener.peers], [400, []]);
    }
  });

  test("adapter: an upgrade is decided on with its request and peer, and its context belongs to the socket", async () => {
    await using listener = await TestListener.start(factory, {
      upgrade: ({ headers }) => ({
        context: [headers.get("cookie"), headers.get("origin"), headers.get("authorization")],
      }),
    });
    await listener.handshake({ headers: { Cookie: "a=b", Origin: "http://o.example", Authorization: "Bearer t" } });
    const [socket] = await eventually(() => listener.opened.length === 1 && listener.opened);
    assertEquals(socket.context, ["a=b", "http://o.example", "Bearer t"]);
    assertEquals(listener.peers, [{ address: "127.0.0.1", port: listener.ports[0], secure: false }]);
    socket.context = "replaced";
    assertEquals(socket.context, "replaced");
  });

  test("adapter: an upgrade may be decided on later", async () => {
    await using listener = await TestListener.start(factory, {
      upgrade: async (request) => {
        await Promise.resolve();
        return { context: pathOf(request) };
      },
      message: (socket, frame) => void socket.send(frame),
    });
    const { client } = await listener.client();
    client.send("hello");
    assertEquals(await client.next(), "hello");
  });

  test("adapter: a refusal is plain HTTP", async () => {
    const refusal = () => new Response("no room for you", { status: 403, headers: { "x-why": "full" } });
    for (const upgrade of [refusal, () => Promise.resolve(refusal())]) {
      await using listener = await TestListener.start(factory, { upgrade });
      const peer = await listener.handshake();
      assertEquals([peer.status, peer.headers.get("x-why")], [403, "full"]);
      assertEquals(listener.opened, []);
    }
  });

  test("adapter: a malformed handshake is refused before anybody is asked", async () => {
    await using listener = await TestListener.start(factory);
    const refused = async (headers: Record<string, string | null>) => await listener.handshake({ headers });
    const old = await refused({ "Sec-WebSocket-Version": "8" });
    assertEquals([old.status, old.headers.get("sec-websocket-version")], [426, "13"]);
    assertEquals((await refused({ "Sec-WebSocket-Key": null })).status, 400);
    assertEquals((await refused({ "Sec-WebSocket-Key": "short" })).status, 400);
    assertEquals((await refused({ Connection: "keep-alive" })).status, 400);
    assertEquals([listener.peers, listener.opened], [[], []]);
    assertEquals((await refused({ Connection: "keep-alive, UPGRADE", Upgrade: "WebSocket" })).status, 101);
  });

  test("adapter: a client that goes while its upgrade is decided on leaves nothing behind", async () => {
    const { promise: decided, resolve: decide } = Promise.withResolvers<void>();
    await using listener = await TestListener.start(factory, {
      upgrade: async (request) => {
        if (pathOf(request) === "/late") await decided;
        return { context: pathOf(request) };
      },
    });
    const late = new TestSocket(`ws://127.0.0.1:${listener.ports[0]}/late`);
    await eventually(() => listener.peers.length === 1);
    void late.close();
    await late.closed;
    decide();
    // The runtime may open it for a moment; then it must also close it.
    await listener.client();
    await eventually(() => listener.opened.length - 1 === listener.ends.length);
  });
}

function subprotocols(factory: AdapterFactory): void {
  const grants: [string, string | undefined, string | null, string | null][] = [
    ["one that was offered", "b", "a, b", "b"],
    ["one of a list without spaces", "b", "a,b", "b"],
    ["none of those offered", undefined, "a, b", null],
    ["none, as none was offered", undefined, null, null],
  ];
  for (const [name, subprotocol, offered, confirmed] of grants) {
    test(`adapter: a grant confirms ${name}`, async () => {
      await using listener = await TestListener.start(factory, { upgrade: () => ({ context: "", subprotocol }) });
      const peer = await listener.handshake({ headers: { "Sec-WebSocket-Protocol": offered } });
      assertEquals([peer.status, peer.headers.get("sec-websocket-protocol")], [101, confirmed]);
    });
  }
}

function ports(factory: AdapterFactory): void {
  test("adapter: a port in use is named, and the others are let go", async () => {
    await using listener = await TestListener.start(factory);
    const [used] = listener.ports;
    const free = await freePort();
    const error = assertThrows(() => listener.listen({ ports: [free, used] }), ParleyError, `:${used}"`);
    assertStringIncludes(error.message, "Cannot listen on");
    await eventually(() => listener.listen({ ports: [free] }));
  });

  test("adapter: several listeners have handlers and ports of their own", async () => {
    await using listener = await TestListener.start(factory, { ports: [0, 0] });
    const [admin] = listener.listen({
      fetch: () => new Response("admin"),
      upgrade: () => new Response("", { status: 404 }),
    });
    const texts = listener.ports.map(async (port) => await (await fetch(listener.url(port))).text());
    assertEquals(await Promise.all(texts), ["plain", "plain", "admin"]);
    assertEquals((await listener.handshake({ port: admin })).status, 404);
    assertEquals((await listener.handshake({ port: listener.ports[1] })).status, 101);
    assertEquals(listener.peers.at(-1)?.port, listener.ports[1]);
    assertEquals(new Set(listener.ports).size, 3);
  });

  // Deno has it behind --unstable-net and ends the process without the flag.
  if (RUNTIME === "bun") {
    test("adapter: listeners share a port when asked to", async () => {
      await using first = await TestListener.start(factory, { reusePort: true });
      await using second = await TestListener.start(factory, { reusePort: true, ports: first.ports });
      assertEquals(second.ports, first.ports);
    });
  }

  test("adapter: TLS, for requests and sockets", async () => {
    const tls = selfSigned();
    if (!tls) return;
    await using listener = await TestListener.start(factory, {
      tls,
      message: (socket, frame) => void socket.send(frame),
    });
    const { peer } = await listener.peer({ tls: true });
    peer.send("secret");
    assertEquals(await peer.nextText(), "secret");
    assert(listener.peers[0].secure);
  });

  test("adapter: another certificate is for those who come, or is refused; who is there stays", async () => {
    const [tls, other] = [selfSigned(), selfSigned()];
    if (!tls || !other) return;
    await using listener = await TestListener.start(factory, {
      tls,
      message: (socket, frame) => void socket.send(frame),
    });
    const [plain] = listener.listen({});
    const { peer, socket } = await listener.peer({ tls: true });
    socket.subscribe("room");
    const before = await certificateAt(listener.ports[0]);
    const isTaken = listener.adapter.renewCertificate(other);
    assertEquals(isTaken, RUNTIME === "bun");
    assertEquals(await certificateAt(listener.ports[0]) !== before, isTaken);
    const fresh = await listener.peer({ tls: true });
    fresh.socket.subscribe("room");
    peer.send("still here");
    assertEquals(await peer.nextText(), "still here");
    listener.adapter.publish("room", "to both");
    for (const each of [peer, fresh.peer]) assertEquals(await each.nextText(), "to both");
    assertEquals((await listener.handshake({ port: plain })).status, 101);
    await listener.adapter.stop();
    for (const each of [peer, fresh.peer]) assertEquals((await each.closed).code, 1001);
  });
}

function certificateAt(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}
