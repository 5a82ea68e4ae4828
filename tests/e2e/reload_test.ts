/**
 * SIGHUP without a terminal: keys, certificate and rooms are read anew, everybody stays connected who may.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { test } from "node:test";
import { signToken } from "../../src/verifiers/sign.ts";
import { eventually, freePort, OPCODE, RUNTIME, type ServerProcess, startServer } from "../harness.ts";
import { TcpSocket, TestSocket } from "../harness.ts";
import { selfSigned } from "../self_signed.ts";
import { JOIN, JsonClient } from "./test_server.ts";

const SLOW = { timeout: 40_000 };
const [OLD_KEY, NEW_KEY] = [
  "the old secret of thirty-two bytes and more",
  "the new secret of thirty-two bytes and more",
];
const OPEN = [{ match: "vip:*", join: "anyone" }];
const CLOSED = [{ match: "vip:*", join: "authenticated" }];

/** A server whose configuration is a file that the test rewrites. */
class Reloadable implements AsyncDisposable {
  readonly server: ServerProcess;
  readonly #file: string;
  readonly #folder: string;
  #written: Record<string, unknown>;

  private constructor(server: ServerProcess, folder: string, written: Record<string, unknown>) {
    this.server = server;
    this.#folder = folder;
    this.#file = join(folder, "parley.json");
    this.#written = written;
  }

  static async start(settings: Record<string, unknown>, env: Record<string, string> = {}): Promise<Reloadable> {
    const folder = mkdtempSync(join(tmpdir(), "parley-"));
    const CONFIG = join(folder, "parley.json");
    const written = { jwtSecret: OLD_KEY, host: "127.0.0.1", ...settings };
    writeFileSync(CONFIG, JSON.stringify(written));
    const server = startServer({ env: { CONFIG, PORT: String(await freePort()), LOG_LEVEL: "debug", ...env } });
    await eventually(() => server.output().includes("listening"), { withinMs: 20_000 });
    return new Reloadable(server, folder, written);
  }

  /** Writes what has changed, or any text, and waits for what the log says of it. */
  async reload(changes: Record<string, unknown> | string, says: string): Promise<void> {
    if (typeof changes !== "string") this.#written = { ...this.#written, ...changes };
    writeFileSync(this.#file, typeof changes === "string" ? changes : JSON.stringify(this.#written));
    const before = this.server.output().length;
    this.server.signal("SIGHUP");
    await eventually(() => this.server.output().slice(before).includes(says));
  }

  async client(path: string): Promise<JsonClient> {
    return new JsonClient(await TestSocket.open(this.server.ws(path)));
  }

  async user(name: string, secret = OLD_KEY): Promise<JsonClient> {
    return await this.client(`/ws?dialect=kebab&token=${await signToken({ user: name, ttlMs: 60_000 }, { secret })}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true });
  }
}

for (const WORKERS of ["1", "2"]) {
  test(
    `reload: new rules put out whom they shut out, and leave everybody connected, ${WORKERS} workers`,
    SLOW,
    async () => {
      await using site = await Reloadable.start({ rooms: OPEN }, { WORKERS });
      const [guest, ann] = [await site.client("/ws?dialect=kebab"), await site.user("ann")];
      for (const client of [guest, ann]) {
        for (const room of ["vip:1", "lobby"]) await client.ask(...JOIN.kebab!(room));
      }
      await site.reload({ rooms: CLOSED }, "the configuration was read anew changed=rooms");
      await guest.hear({ type: "room-left", roomId: "vip:1", reason: "forbidden" });
      await ann.hear({ type: "user-left", roomId: "vip:1" });
      await guest.ask({ type: "join-room", roomId: "vip:2" }, { type: "error", code: "unauthorized" });
      await guest.ask({ type: "message", roomId: "lobby", message: "still here" }, { type: "message" });
      await ann.ask({ type: "message", roomId: "vip:1", message: "and here" }, { type: "message", roomId: "vip:1" });
      assertEquals(ann.heard({ type: "room-left" }), []);
      await site.reload({ rooms: OPEN }, "the configuration was read anew changed=rooms");
      await guest.ask(...JOIN.kebab!("vip:2"));
    },
  );

  test(
    `reload: tokens of a key that was withdrawn end with 4401, others and guests stay, ${WORKERS} workers`,
    SLOW,
    async () => {
      await using site = await Reloadable.start({}, { WORKERS });
      const [ann, guest] = [await site.user("ann"), await site.client("/ws?dialect=kebab")];
      await site.reload({ jwtSecret: NEW_KEY }, "the configuration was read anew changed=JWT_SECRET");
      await ann.hear({ type: "error", code: "token_expired" });
      assertEquals((await ann.socket.closed).code, 4401);
      await guest.settle();
      const bob = await site.user("bob", NEW_KEY);
      await bob.settle();
      const late = await site.user("late").then(() => "let in", () => "refused");
      assertEquals(late, "refused");
      await site.reload({}, "nothing is taken over");
      await bob.settle();
      assert(!site.server.output().includes(NEW_KEY));
      assertEquals(await site.server.stop(), { code: 0, signal: null });
    },
  );
}

test("reload: what is wrong is logged, and the old ones stay", SLOW, async () => {
  await using site = await Reloadable.start({ rooms: OPEN });
  const ann = await site.user("ann");
  await ann.ask(...JOIN.kebab!("vip:1"));
  await site.reload("{", "the configuration cannot be read anew, the old one stays");
  await site.reload(JSON.stringify({ jwtSecret: NEW_KEY, rooms: [{ match: 7 }] }), "rooms[0].match: expected");
  await site.reload({ tlsCert: "gone.pem" }, "TLS_CERT: needs TLS_KEY");
  await ann.ask({ type: "message", roomId: "vip:1", message: "still here" }, { type: "message" });
  await (await site.user("bob")).settle();
});

test("reload: other settings are named, and wait for a restart", SLOW, async () => {
  await using site = await Reloadable.start({});
  await site.reload({ websocketMaxRooms: 1, demo: false, wsPath: "/live" }, "settings wait for a restart");
  assertStringIncludes(site.server.output(), "changed=WEBSOCKET_MAX_ROOMS,paths");
  const guest = await site.client("/ws?dialect=kebab");
  for (const room of ["one", "two"]) await guest.ask(...JOIN.kebab!(room));
});

for (const WORKERS of ["1", "2"]) {
  test(`reload: a new certificate, where the runtime can take one, ${WORKERS} workers`, SLOW, async () => {
    const [first, second] = [selfSigned(), selfSigned()];
    if (!first || !second) return;
    await using site = await Reloadable.start({ tlsCert: first.cert, tlsKey: first.key }, { WORKERS });
    const { port } = site.server;
    const before = await certificateAt(port);
    const old = await enterLobby(port);
    await site.reload({ tlsCert: second.cert, tlsKey: second.key }, "read anew changed=TLS_CERT,TLS_KEY");
    if (RUNTIME === "deno") {
      await eventually(() => site.server.output().includes("the certificate waits for a restart"));
      assertEquals(await certificateAt(port), before);
      return;
    }
    for (let round = 0; round < 8; round++) assert(await certificateAt(port) !== before, "the old one is shown");
    const fresh = await enterLobby(port);
    // Whoever came before and after are in one room, whichever of them speaks.
    for (const [from, to, content] of [[old, fresh, "from before"], [fresh, old, "from after"]] as const) {
      from.send(JSON.stringify({ type: "message", content }));
      await hear(to, content);
    }
    site.server.signal("SIGTERM");
    for (const socket of [old, fresh]) assertEquals((await socket.closed).code, 1001);
    assertEquals(await site.server.exited, { code: 0, signal: null });
  });
}

async function enterLobby(port: number): Promise<TcpSocket> {
  const socket = await TcpSocket.open({ port, path: "/ws/lobby", tls: true });
  await hear(socket, "user_list");
  return socket;
}

async function hear(socket: TcpSocket, text: string): Promise<void> {
  await socket.next(({ opcode, payload }) => opcode === OPCODE.text && payload.includes(text));
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
