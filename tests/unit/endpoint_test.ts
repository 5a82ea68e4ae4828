/** The table of WebSocket URLs: path, subprotocol and query into dialect, room and the token's role. */
import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { defaultConfig } from "../../src/config/config.ts";
import { createDialects, DIALECT_FAMILIES, undecidedAmong } from "../../src/dialects/all.ts";
import { EndpointTable, type ResolvedEndpoint } from "../../src/gateway/endpoint.ts";
import { ParleyError } from "../../src/errors.ts";
import { readOffer } from "../../src/gateway/subprotocols.ts";

const DIALECT_NAMES = DIALECT_FAMILIES.map(({ name }) => name as string);

interface Settings {
  paths?: { envelope: string; socketio: string; ws: string };
  dialects?: string[];
  requireAuth?: boolean;
}

/** What a URL means, with the dialect's name. */
interface Endpoint extends Pick<ResolvedEndpoint, "room" | "auth" | "subprotocol"> {
  dialect: string;
}

function resolve(url: string, offered: string[] = [], settings: Settings = {}): Endpoint {
  const { paths, dialects: on, requireAuth = false } = settings;
  const config = defaultConfig({ jwtSecret: "x".repeat(32), paths, dialects: on });
  const table = new EndpointTable({ dialects: createDialects(config), undecidedAmong, requireAuth });
  const endpoint = table.resolve(new URL(url, "http://parley.test"), readOffer(offered.join(", ")));
  const { dialect, room, auth, subprotocol } = endpoint;
  return JSON.parse(JSON.stringify({ dialect: dialect.decide ? "undecided" : dialect.name, room, auth, subprotocol }));
}

function refusal(url: string, offered: string[] = [], settings: Settings = {}): string {
  return assertThrows(() => resolve(url, offered, settings), ParleyError).code;
}

const PATHS: Record<string, Endpoint> = {
  "/websocket/connect": { dialect: "envelope", auth: "http401" },
  "/websocket/connect?token=t": { dialect: "envelope", auth: "http401" },
  "/socket.io/?EIO=4&transport=websocket": { dialect: "socketio", auth: "optional" },
  "/socket.io?EIO=4&transport=websocket": { dialect: "socketio", auth: "optional" },
  "/ws": { dialect: "undecided", auth: "optional" },
  "/ws/": { dialect: "undecided", auth: "optional" },
  "/ws?other=1": { dialect: "undecided", auth: "optional" },
  "/ws?token=t": { dialect: "snake", auth: "close1008" },
  "/ws/?token=t": { dialect: "snake", auth: "close1008" },
  "/ws?token=": { dialect: "snake", auth: "close1008" },
  "/ws?token": { dialect: "snake", auth: "close1008" },
  "/ws?access_token=t": { dialect: "snake", auth: "close1008" },
  "/ws/room1": { dialect: "plain", room: "room1", auth: "optional" },
  "/ws/room1?token=t": { dialect: "plain", room: "room1", auth: "optional" },
  "/ws/auth": { dialect: "plain", auth: "http401" },
  "/ws/auth/": { dialect: "plain", auth: "http401" },
  "/ws/auth?token=t": { dialect: "plain", auth: "http401" },
  "/ws/auth/room1": { dialect: "plain", room: "room1", auth: "http401" },
  "/ws/auth/auth": { dialect: "plain", room: "auth", auth: "http401" },
};

for (const [url, endpoint] of Object.entries(PATHS)) {
  test(`${url} is ${endpoint.dialect}`, () => assertEquals(resolve(url), endpoint));
}

test("a room in the path is decoded once", () => {
  const rooms = [
    "/ws/a%2Fb",
    "/ws/a%252Fb",
    "/ws/a%20b",
    "/ws/a+b",
    "/ws/%C3%BC",
    "/ws/ü",
    "/ws/user%3A7",
    "/ws/auth/a%2Fb",
  ];
  const names = ["a/b", "a%2Fb", "a b", "a+b", "ü", "ü", "user:7", "a/b"];
  assertEquals(rooms.map((url) => resolve(url).room), names);
});

test("a room in the path that is no name, or no escape, is a bad request", () => {
  const urls = [
    "/ws/%zz",
    "/ws/%E0%A4",
    "/ws/%",
    "/ws/*",
    "/ws/%00",
    "/ws/a%0Ab",
    `/ws/${"x".repeat(256)}`,
    "/ws/auth/*",
  ];
  assertEquals(urls.map((url) => refusal(url)), urls.map(() => "bad_message"));
});

test("paths of more segments, and of others, are not found", () => {
  const urls = [
    "/",
    "/wss",
    "/ws/a/b",
    "/ws/a/",
    "/ws//a",
    "/ws/auth/a/b",
    "/ws/auth/a/",
    "/websocket",
    "/websocket/connect/x",
    "/status",
  ];
  assertEquals(urls.map((url) => refusal(url)), urls.map(() => "not_found"));
});

test("a subprotocol decides the dialect on any path, and is echoed", () => {
  assertEquals(resolve("/ws", ["parley.envelope"]), {
    dialect: "envelope",
    auth: "http401",
    subprotocol: "parley.envelope",
  });
  assertEquals(resolve("/ws/room1", ["chat", "parley.kebab"]), {
    dialect: "kebab",
    room: "room1",
    auth: "optional",
    subprotocol: "parley.kebab",
  });
  assertEquals(resolve("/socket.io/", ["parley.socketio"]).dialect, "socketio");
});

test("the query decides the dialect on any path", () => {
  const dialects = ["envelope", "kebab", "snake", "plain"].map((dialect) => resolve(`/ws?dialect=${dialect}`));
  assertEquals(dialects, [
    { dialect: "envelope", auth: "http401" },
    { dialect: "kebab", auth: "optional" },
    { dialect: "snake", auth: "close1008" },
    { dialect: "plain", auth: "optional" },
  ]);
  assertEquals(resolve("/ws?dialect=plain&token=t").dialect, "plain");
});

test("the subprotocol has the last word", () => {
  assertEquals(resolve("/ws?dialect=plain&token=t", ["parley.kebab"]).dialect, "kebab");
});

test("the path goes on deciding who may connect and which room is joined", () => {
  assertEquals(resolve("/ws/auth/room1?dialect=kebab"), { dialect: "kebab", room: "room1", auth: "http401" });
  assertEquals(resolve("/websocket/connect?dialect=snake"), { dialect: "snake", auth: "http401" });
  assertEquals(resolve("/ws/room1?dialect=snake"), { dialect: "snake", room: "room1", auth: "close1008" });
});

test("a dialect that nobody speaks is a bad request", () => {
  assertEquals(["/ws?dialect=klingon", "/ws?dialect=", "/ws?dialect=undecided"].map((url) => refusal(url)), [
    "bad_message",
    "bad_message",
    "bad_message",
  ]);
  assertEquals(["parley.klingon", "parley.", "parley.Kebab"].map((name) => refusal("/ws", [name])), [
    "bad_message",
    "bad_message",
    "bad_message",
  ]);
});

test("socketio is spoken on its own path only", () => {
  assertEquals(["/ws?dialect=socketio", "/websocket/connect?dialect=socketio"].map((url) => refusal(url)), [
    "bad_message",
    "bad_message",
  ]);
  assertEquals(refusal("/ws", ["parley.socketio"]), "bad_message");
});

test("of foreign subprotocols the first is echoed, and none is made up", () => {
  assertEquals(resolve("/ws", ["chat", "superchat"]), { dialect: "undecided", auth: "optional", subprotocol: "chat" });
  assertEquals("subprotocol" in resolve("/ws"), false);
});

test("where authentication is required, what can authenticate by a frame is given the time to", () => {
  const urls = ["/ws", "/ws/room1", "/socket.io/", "/ws?token=t", "/ws/auth", "/websocket/connect"];
  const auth = urls.map((url) => resolve(url, [], { requireAuth: true }).auth);
  assertEquals(auth, ["inBand", "inBand", "inBand", "close1008", "http401", "http401"]);
});

test("beside a token something must be offered that can be confirmed", () => {
  assertEquals(refusal("/ws", ["parley.bearer.a.b.c"]), "bad_message");
  assertEquals(refusal("/websocket/connect", ["parley.bearer.a.b.c", "chat"]), "bad_message");
  assertEquals(resolve("/websocket/connect", ["parley.bearer.a.b.c", "parley.refusal"]).subprotocol, "parley.refusal");
  assertEquals(resolve("/ws", ["parley.bearer.a.b.c", "parley.plain"]).dialect, "plain");
});

test("a dialect that is switched off is spoken nowhere", () => {
  for (const off of DIALECT_NAMES) {
    const dialects = DIALECT_NAMES.filter((name) => name !== off);
    assertEquals(refusal(`/ws?dialect=${off}`, [], { dialects }), "bad_message");
  }
  const only = (...dialects: string[]) => ({ dialects });
  assertEquals(refusal("/websocket/connect", [], only("plain")), "not_found");
  assertEquals(refusal("/ws/room1", [], only("kebab")), "not_found");
  assertEquals(refusal("/ws", [], only("envelope")), "not_found");
  assertEquals(resolve("/ws", [], only("plain")).dialect, "plain");
  assertEquals(resolve("/ws", [], only("snake")), { dialect: "snake", auth: "close1008" });
  assertEquals(resolve("/ws?token=t", [], only("kebab", "plain")).dialect, "undecided");
});

test("the paths are settings", () => {
  const paths = { envelope: "/connect", socketio: "/io", ws: "/realtime/" };
  const dialectsAt = (urls: string[]) => urls.map((url) => resolve(url, [], { paths }).dialect);
  const urls = ["/connect", "/io/", "/realtime", "/realtime/", "/realtime/room1"];
  assertEquals(dialectsAt(urls), ["envelope", "socketio", "undecided", "undecided", "plain"]);
  assertEquals(refusal("/ws", [], { paths }), "not_found");
});
