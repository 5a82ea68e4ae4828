/**
 * A program is asked before anybody comes in, with all that the client came with: it may say who that is, refuse in the
 * way of each dialect, and hears of the ends of exactly those that were in.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { type Arrival, type Client, type Hooks, ParleyError } from "../../src/mod.ts";
import { eventually, TcpSocket, TestSocket } from "../harness.ts";
import { SocketioClients } from "./socketio_clients.ts";
import { type JsonFrame, TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };

async function handshake(server: TestServer, path: string, headers: Record<string, string> = {}): Promise<TcpSocket> {
  const socket = await TcpSocket.open({ port: server.parley.port, path, headers });
  socket.destroy();
  return socket;
}

async function statusOf(server: TestServer, path: string, headers: Record<string, string> = {}): Promise<number> {
  return (await handshake(server, path, headers)).status;
}

/** What a client that is let in only to be refused hears, and how it is closed. */
async function refusal(server: TestServer, path: string, protocols?: string[]): Promise<[JsonFrame[], number, string]> {
  const socket = await TestSocket.open(server.ws(path), { protocols });
  const { code, reason } = await socket.closed;
  return [socket.frames.map((frame) => JSON.parse(String(frame))), code, reason];
}

test("onConnect is asked before the upgrade is granted, with URL, headers and who the token names", SLOW, async () => {
  const asked: [Client, Arrival][] = [];
  await using server = await TestServer.open({
    hooks: {
      onConnect: (client, arrival) => {
        assertEquals(server.parley.getClient(client.id), undefined);
        asked.push([client, arrival]);
      },
    },
  });
  const token = await server.token("kim");
  const kim = await server.client(`/ws?token=${token}&device=phone`, { headers: { "X-Request-Id": "r1" } });
  const { clientId } = await kim.hear({ type: "connected" });
  const guest = await server.client("/ws/lobby");
  await guest.hear({ type: "join" });
  const [[client, { url, headers, auth }], [other]] = asked as [[Client, Arrival], [Client, Arrival]];
  assertEquals([client.id, client.userId, client.dialect, client.rooms], [clientId, "kim", "snake", []]);
  assertEquals([url.pathname, url.searchParams.get("device"), headers.get("x-request-id")], ["/ws", "phone", "r1"]);
  assertEquals([auth, other.userId, asked.length], [{}, undefined, 2]);
  // Another site's page cannot act for its visitor, whatever cookie the program reads.
  for (const origin of [server.url(""), "https://evil.example"]) {
    const page = await server.client("/ws", { headers: { Origin: origin, Cookie: "session=s1" } });
    await page.hear({ type: "connected" });
  }
  assertEquals(asked.slice(2).map(([, { headers }]) => headers.get("cookie")), ["session=s1", null]);
  asked.splice(2);
  // A bad token is refused without a question.
  assertEquals(await statusOf(server, "/websocket/connect?token=bad"), 401);
  assertEquals(asked.length, 2);
});

test("a refusal is said in the way of each dialect, with the code that the hook throws", SLOW, async () => {
  const ended: string[] = [];
  const refusing: Hooks = {
    onConnect: async (_client, { url }) => {
      await Promise.resolve();
      const code = url.searchParams.get("as");
      if (code === null) return false;
      if (code === "fault") throw new Error("the database is purple");
      const retryAfter = code === "unavailable" ? 7000 : undefined;
      throw new ParleyError(code as "forbidden", `Cannot connect: ${code}, says the program`, { retryAfter });
    },
    onDisconnect: ({ id }) => void ended.push(id),
  };
  await using server = await TestServer.open({ hooks: refusing });
  const token = await server.token("kim");
  for (const path of [`/websocket/connect?token=${token}`, `/ws/auth?token=${token}`, "/ws?dialect=kebab"]) {
    const parameter = (code: string) => `${path}${path.includes("?") ? "&" : "?"}as=${code}`;
    const statuses = ["unauthorized", "forbidden", "unavailable", "rate_limited", "fault"].map(parameter);
    assertEquals([path, await statusOf(server, path)], [path, 403]);
    const given = await Promise.all(statuses.map((each) => statusOf(server, each)));
    assertEquals([path, ...given], [path, 401, 403, 503, 429, 500]);
  }
  const { status, headers } = await handshake(server, "/ws?as=unavailable");
  assertEquals([status, headers.get("retry-after")], [503, "7"]);
  const snake = `/ws?token=${token}`;
  const [[error], code, reason] = await refusal(server, snake);
  assertEquals([error!.type, error!.code, code, reason], ["error", "forbidden", 1008, "Not allowed"]);
  const [[bad], ...close] = await refusal(server, `${snake}&as=unauthorized`);
  assertEquals([bad!.code, bad!.message, ...close], [
    "unauthorized",
    "Cannot connect: unauthorized, says the program",
    1008,
    "Invalid token",
  ]);
  assertEquals(await statusOf(server, `${snake}&as=unavailable`), 503);
  // Whoever wants to be told is told, in every dialect in one way.
  const [[told], ...closed] = await refusal(server, "/ws?dialect=kebab", ["parley.refusal"]);
  assertEquals([told!.code, ...closed], ["forbidden", 4403, "program"]);
  assertEquals(server.parley.getClientCount(), 0);
  assertEquals(ended, []);
  const lines = server.log.filter((line) => line.includes("a connection was refused") && line.includes("program"));
  assert(lines.length > 0);
  assert(server.log.some((line) => line.includes("the database is purple")));
});

test(
  "a program may say who comes: where a token is needed, in place of a token's, and as a guest's",
  SLOW,
  async () => {
    const sessions: Record<string, Record<string, unknown>> = {
      s1: { sub: "ann", name: "Ann", groups: ["fleet"], rooms: ["vault"] },
      s2: { id: 7 },
      old: { sub: "ann", exp: 1 },
      odd: { name: "nobody" },
    };
    await using server = await TestServer.open({
      websocketRequireAuth: true,
      rooms: [{ match: "vault", join: "listed" }],
      hooks: {
        onConnect: (_client, { headers }) => ({ identity: sessions[headers.get("x-session") ?? ""] }),
      },
    });
    const path = "/websocket/connect";
    const ann = await server.client(path, { headers: { "X-Session": "s1" } });
    const { data } = await ann.hear({ type: "system_notification" });
    assertEquals([(data as JsonFrame).user_id, (data as JsonFrame).rooms], ["ann", ["user:ann", "group:fleet"]]);
    ann.say({ type: "system", id: "1", data: { action: "join", room: "vault" } });
    await ann.hear({ type: "room_joined", room: "vault" });
    const seven = await server.client(`/ws?token=${await server.token("kim")}`, { headers: { "X-Session": "s2" } });
    await seven.hear({ type: "connected", userId: 7 });
    assertEquals(await statusOf(server, path), 401);
    assertEquals(await statusOf(server, path, { "X-Session": "old" }), 401);
    assertEquals(await statusOf(server, path, { "X-Session": "odd" }), 401);
  },
);

test("who is blocked stays out, also if it is the program that names it", SLOW, async () => {
  const adminToken = "a key of sixteen characters or more";
  await using server = await TestServer.open({
    adminToken,
    hooks: { onConnect: () => ({ identity: { sub: "mal" } }) },
  });
  const mal = await server.client("/ws?dialect=kebab");
  await mal.hear({ type: "connected", userId: "mal" });
  const blocked = await fetch(server.url("/websocket/users/mal/disconnect"), {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    body: JSON.stringify({ blockSeconds: 60 }),
  });
  assertEquals((await blocked.json()).disconnected_count, 1);
  assertEquals(await statusOf(server, "/ws?dialect=kebab"), 403);
});

test("onConnected is told of those who are in, and onDisconnect of their ends alone", SLOW, async () => {
  const told: string[] = [];
  await using server = await TestServer.open({
    websocketMaxConnectionsPerUser: 1,
    hooks: {
      onConnect: ({ userId }) => userId !== "mal",
      onConnected: async ({ id, userId }) => {
        told.push(`+${userId}`);
        await server.parley.sendToClient(id, { type: "welcome" });
        if (userId === "sam") throw new Error("the program is confused");
      },
      onDisconnect: ({ userId }, code) => void told.push(`-${userId} ${code}`),
    },
  });
  const kim = await server.snake("kim");
  await kim.hear({ type: "welcome" });
  const [, code] = await refusal(server, `/ws?token=${await server.token("kim")}`);
  assertEquals(code, 1013);
  await refusal(server, `/ws?token=${await server.token("mal")}`);
  // A hook that fails when all is decided sends nobody away.
  const sam = await server.snake("sam");
  await sam.hear({ type: "welcome" });
  await sam.settle();
  await kim.socket.close(1000);
  await sam.socket.close(1000);
  await eventually(() => told.length === 4);
  assertEquals(told, ["+kim", "+sam", "-kim 1000", "-sam 1000"]);
  assertStringIncludes(server.log.join("\n"), "the program is confused");
});

test("a handshake that the program thinks about counts as a connection", SLOW, async () => {
  const thinking = Promise.withResolvers<void>();
  let asked = 0;
  await using server = await TestServer.open({
    websocketMaxConnections: 2,
    hooks: {
      onConnect: async () => {
        asked++;
        await thinking.promise;
      },
    },
  });
  const two = [server.client("/ws?dialect=kebab"), server.client("/ws?dialect=kebab")];
  await eventually(() => asked === 2);
  assertEquals(await statusOf(server, "/ws?dialect=kebab"), 503);
  thinking.resolve();
  for (const client of await Promise.all(two)) await client.hear({ type: "connected" });
  assertEquals(await statusOf(server, "/ws?dialect=kebab"), 503);
});

test(
  "a Socket.IO client is asked about at its CONNECT, with the handshake's headers and its payload",
  SLOW,
  async () => {
    const seen: unknown[] = [];
    await using server = await TestServer.open({
      websocketRequireAuth: true,
      hooks: {
        onConnect: ({ userId, dialect }, { url, headers, auth }) => {
          seen.push([userId, dialect, url.searchParams.get("EIO"), headers.get("x-device"), auth.team]);
          if (auth.team === "red") return { identity: { sub: "rob", name: "Rob" } };
          if (auth.team === "blue") throw new ParleyError("unavailable", "the blue team is full", { retryAfter: 3000 });
          return auth.team === "green" ? undefined : false;
        },
        onDisconnect: ({ userId }) => void seen.push(`-${userId}`),
      },
    });
    await using clients = new SocketioClients(server);
    const extraHeaders = { "X-Device": "tablet" };
    const rob = await clients.open({ auth: { team: "red" }, extraHeaders }).connected();
    assertEquals(server.parley.getClient(rob.socket.id!)?.userId, "rob");
    const refused = async (auth: Record<string, unknown>) => {
      const { socket } = clients.open({ auth, reconnection: false });
      return await new Promise<unknown[]>((resolve) => {
        socket.once("connect_error", (error: Error & { data?: unknown }) => resolve([error.message, error.data]));
      });
    };
    assertEquals(await refused({}), ["Cannot connect: it was refused", { code: "forbidden" }]);
    assertEquals(await refused({ team: "blue" }), [
      "the blue team is full",
      { code: "unavailable", retryAfter: 3000 },
    ]);
    // Let in, but as nobody: then the token is missing after all.
    const [message, data] = await refused({ team: "green" });
    assertEquals([message, data], ["authentication failed: a token is needed", { code: "unauthorized" }]);
    rob.close();
    await eventually(() => seen.at(-1) === "-rob");
    assertEquals(seen[0], [undefined, "socketio", "4", "tablet", "red"]);
    assertEquals(seen.filter((each) => typeof each === "string"), ["-rob"]);
  },
);
