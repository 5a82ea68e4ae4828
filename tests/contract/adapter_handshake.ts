/** The adapter's contract, part one: plain requests, upgrades granted and refused, subprotocols, ports and TLS. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { test } from "node:test";
import { connect } from "node:tls";
import { ParleyError } from "../../src/errors.ts";
import { eventually, freePort, RUNTIME, TestSocket } from "../harness.ts";
import { selfSigned } from "../self_signed.ts";
import { type AdapterFactory, pathOf, Stage } from "./adapter_stage.ts";

export function handshakeContract(factory: AdapterFactory): void {
  requests(factory);
  upgrades(factory);
  subprotocols(factory);
  ports(factory);
}

function requests(factory: AdapterFactory): void {
  test("adapter: plain requests are answered beside the sockets", async () => {
    await using stage = await Stage.set(factory, {
      fetch: (request, { address, port, secure }) => Response.json([pathOf(request), address, port, secure]),
    });
    const response = await fetch(`${stage.url()}/status`);
    assertEquals(await response.json(), ["/status", "127.0.0.1", stage.ports[0], false]);
  });

  test("adapter: an answer may take its time", async () => {
    await using stage = await Stage.set(factory, {
      fetch: async (request) => new Response(await request.text() + "!"),
    });
    const response = await fetch(stage.url(), { method: "POST", body: "late" });
    assertEquals(await response.text(), "late!");
  });

  test("adapter: a request without Upgrade is a plain one, and so is one for another protocol", async () => {
    await using stage = await Stage.set(factory);
    for (const Upgrade of [null, "h2c"]) {
      const peer = await stage.handshake({ headers: { Upgrade, Connection: "close" } });
      assertEquals([peer.status, await peer.body()], [200, "plain"]);
    }
    assertEquals(stage.peers, []);
  });

  test("adapter: a connection that is closed after the answer says so", async () => {
    await using stage = await Stage.set(factory);
    const peer = await stage.handshake({ headers: { Upgrade: null, Connection: "close" } });
    assertEquals(peer.headers.get("connection"), "close");
    await peer.closed;
  });
}

function upgrades(factory: AdapterFactory): void {
  test("adapter: a Host that is none is refused before anybody looks at the address", async () => {
    await using stage = await Stage.set(factory);
    for (const host of ["a b", "[", ":::9"]) {
      const peer = await stage.handshake({ headers: { "Host": host } });
      assertEquals([peer.status, stage.peers], [400, []]);
    }
  });

  test("adapter: an upgrade is decided on with its request and peer, and its context belongs to the socket", async () => {
    await using stage = await Stage.set(factory, {
      upgrade: ({ headers }) => ({
        context: [headers.get("cookie"), headers.get("origin"), headers.get("authorization")],
      }),
    });
    await stage.handshake({ headers: { Cookie: "a=b", Origin: "http://o.example", Authorization: "Bearer t" } });
    const [socket] = await eventually(() => stage.opened.length === 1 && stage.opened);
    assertEquals(socket.context, ["a=b", "http://o.example", "Bearer t"]);
    assertEquals(stage.peers, [{ address: "127.0.0.1", port: stage.ports[0], secure: false }]);
    socket.context = "replaced";
    assertEquals(socket.context, "replaced");
  });

  test("adapter: an upgrade may be decided on later", async () => {
    await using stage = await Stage.set(factory, {
      upgrade: async (request) => {
        await Promise.resolve();
        return { context: pathOf(request) };
      },
      message: (socket, frame) => void socket.send(frame),
    });
    const { client } = await stage.client();
    client.send("hello");
    assertEquals(await client.next(), "hello");
  });

  test("adapter: a refusal is plain HTTP", async () => {
    const refusal = () => new Response("no room for you", { status: 403, headers: { "x-why": "full" } });
    for (const upgrade of [refusal, () => Promise.resolve(refusal())]) {
      await using stage = await Stage.set(factory, { upgrade });
      const peer = await stage.handshake();
      assertEquals([peer.status, peer.headers.get("x-why")], [403, "full"]);
      assertEquals(stage.opened, []);
    }
  });

  test("adapter: a malformed handshake is refused before anybody is asked", async () => {
    await using stage = await Stage.set(factory);
    const refused = async (headers: Record<string, string | null>) => await stage.handshake({ headers });
    const old = await refused({ "Sec-WebSocket-Version": "8" });
    assertEquals([old.status, old.headers.get("sec-websocket-version")], [426, "13"]);
    assertEquals((await refused({ "Sec-WebSocket-Key": null })).status, 400);
    assertEquals((await refused({ "Sec-WebSocket-Key": "short" })).status, 400);
    assertEquals((await refused({ Connection: "keep-alive" })).status, 400);
    assertEquals([stage.peers, stage.opened], [[], []]);
    assertEquals((await refused({ Connection: "keep-alive, UPGRADE", Upgrade: "WebSocket" })).status, 101);
  });

  test("adapter: a client that goes while its upgrade is decided on leaves nothing behind", async () => {
    const { promise: decided, resolve: decide } = Promise.withResolvers<void>();
    await using stage = await Stage.set(factory, {
      upgrade: async (request) => {
        if (pathOf(request) === "/late") await decided;
        return { context: pathOf(request) };
      },
    });
    const late = new TestSocket(`ws://127.0.0.1:${stage.ports[0]}/late`);
    await eventually(() => stage.peers.length === 1);
    void late.close();
    await late.closed;
    decide();
    // The runtime may open it for a moment; then it must also close it.
    await stage.client();
    await eventually(() => stage.opened.length - 1 === stage.ends.length);
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
      await using stage = await Stage.set(factory, { upgrade: () => ({ context: "", subprotocol }) });
      const peer = await stage.handshake({ headers: { "Sec-WebSocket-Protocol": offered } });
      assertEquals([peer.status, peer.headers.get("sec-websocket-protocol")], [101, confirmed]);
    });
  }
}

function ports(factory: AdapterFactory): void {
  test("adapter: a port in use is named, and the others are let go", async () => {
    await using stage = await Stage.set(factory);
    const [used] = stage.ports;
    const free = await freePort();
    const error = assertThrows(() => stage.listen({ ports: [free, used] }), ParleyError, `:${used}"`);
    assertStringIncludes(error.message, "Cannot listen on");
    await eventually(() => stage.listen({ ports: [free] }));
  });

  test("adapter: several listeners have handlers and ports of their own", async () => {
    await using stage = await Stage.set(factory, { ports: [0, 0] });
    const [admin] = stage.listen({
      fetch: () => new Response("admin"),
      upgrade: () => new Response("", { status: 404 }),
    });
    const texts = stage.ports.map(async (port) => await (await fetch(stage.url(port))).text());
    assertEquals(await Promise.all(texts), ["plain", "plain", "admin"]);
    assertEquals((await stage.handshake({ port: admin })).status, 404);
    assertEquals((await stage.handshake({ port: stage.ports[1] })).status, 101);
    assertEquals(stage.peers.at(-1)?.port, stage.ports[1]);
    assertEquals(new Set(stage.ports).size, 3);
  });

  // Deno has it behind --unstable-net and ends the process without the flag.
  if (RUNTIME === "bun") {
    test("adapter: listeners share a port when asked to", async () => {
      await using first = await Stage.set(factory, { reusePort: true });
      await using second = await Stage.set(factory, { reusePort: true, ports: first.ports });
      assertEquals(second.ports, first.ports);
    });
  }

  test("adapter: TLS, for requests and sockets", async () => {
    const tls = selfSigned();
    if (!tls) return;
    await using stage = await Stage.set(factory, { tls, message: (socket, frame) => void socket.send(frame) });
    const { peer } = await stage.peer({ tls: true });
    peer.send("secret");
    assertEquals(await peer.nextText(), "secret");
    assert(stage.peers[0].secure);
  });

  test("adapter: another certificate is for those who come, or is refused; who is there stays", async () => {
    const [tls, other] = [selfSigned(), selfSigned()];
    if (!tls || !other) return;
    await using stage = await Stage.set(factory, { tls, message: (socket, frame) => void socket.send(frame) });
    const [plain] = stage.listen({});
    const { peer, socket } = await stage.peer({ tls: true });
    socket.subscribe("room");
    const before = await certificateAt(stage.ports[0]);
    const isTaken = stage.adapter.renewCertificate(other);
    assertEquals(isTaken, RUNTIME === "bun");
    assertEquals(await certificateAt(stage.ports[0]) !== before, isTaken);
    const fresh = await stage.peer({ tls: true });
    fresh.socket.subscribe("room");
    peer.send("still here");
    assertEquals(await peer.nextText(), "still here");
    stage.adapter.publish("room", "to both");
    for (const each of [peer, fresh.peer]) assertEquals(await each.nextText(), "to both");
    assertEquals((await stage.handshake({ port: plain })).status, 101);
    await stage.adapter.stop();
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
