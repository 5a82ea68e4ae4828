/**
 * Settings: where they come from and in which order, how values are written, what follows from what, what is refused.
 */
import { test } from "node:test";
import { assert, assertEquals, assertFalse, assertGreater, assertStringIncludes, assertThrows } from "@std/assert";
import { type Config, defaultConfig, fileKeyOf, flagOf, maxBufferedBytes, SETTINGS } from "../../src/config/config.ts";
import { DIALECT_FAMILIES } from "../../src/dialects/all.ts";
import { ParleyError } from "../../src/errors.ts";
import { startServer } from "../harness.ts";
import { selfSigned } from "../self_signed.ts";
import { configOf, load, notesOf, problemsOf } from "./settings_given.ts";

const SECRET = "a secret of at least thirty-two bytes";

test("config: a flag comes before the environment, that before the file, that before the default", () => {
  const file = { websocketMaxRooms: 4, websocketMaxMembers: 5, historySize: 6 };
  const env = { WEBSOCKET_MAX_ROOMS: "2", WEBSOCKET_MAX_MEMBERS: "3" };
  const config = configOf({ args: ["--websocket-max-rooms", "1"], env, file });
  assertEquals([config.websocketMaxRooms, config.websocketMaxMembers, config.historySize, config.inboxSize], [
    1,
    3,
    6,
    200,
  ]);
});

test("config: a flag takes its value after a space or an equals sign, a switch may stand alone", () => {
  assertEquals(configOf({ args: ["--port", "1", "--history-size=7"] }).ports, [1]);
  assertEquals(configOf({ args: ["--port", "1", "--history-size=7"] }).historySize, 7);
  assert(configOf({ args: ["--websocket-require-auth"] }).websocketRequireAuth);
  assert(configOf({ args: ["--websocket-require-auth", "--port", "0"] }).websocketRequireAuth);
  assertFalse(configOf({ args: ["--websocket-enabled", "0"] }).websocketEnabled);
  assertFalse(configOf({ args: ["--websocket-enabled=off"] }).websocketEnabled);
});

test("config: every problem is told at once, with the place and the value", () => {
  const problems = problemsOf({
    args: ["--prot", "3000", "--log-level", "loud"],
    env: { PORT: "http", WEBSOCKET_PONG_WAIT: "60" },
    file: { websocketMaxRoom: 3, historyTtl: 60, rooms: [{ match: "a*b" }, { match: "x", joins: "anyone" }] },
  });
  assertEquals(problems, [
    'there is no flag "--prot", did you mean --port?',
    'there is no key "websocketMaxRoom" in parley.json, did you mean websocketMaxRooms?',
    'PORT: expected a port from 0 (any free one) to 65535, or several with commas between them, got "http"',
    '--log-level: expected debug, info, warn or error, got "loud"',
    'historyTtl in parley.json: expected a duration from 1s to 365d, such as 54s, got "60"',
    'WEBSOCKET_PONG_WAIT: expected a duration from 1s to 1h, such as 54s, got "60"',
    'rooms[0].match: expected a room\'s name or a prefix followed by *, got "a*b"',
    "rooms[1].joins: there is no such field, did you mean join?",
  ]);
});

test("config: a flag without its value and a word without a flag are problems", () => {
  assertStringIncludes(problemsOf({ args: ["--port"] }).join(), "--port: expected a port");
  assertEquals(problemsOf({ args: ["3000"] }), ['there is no argument "3000"']);
});

test("config: a file that cannot be read, is no JSON or holds no object is a problem", () => {
  assertStringIncludes(
    problemsOf({ env: { CONFIG: "gone.json" } }).join(),
    'CONFIG: cannot read "gone.json": there is no',
  );
  assertStringIncludes(problemsOf({ file: "{" }).join(), 'CONFIG: cannot read "parley.json"');
  assertEquals(problemsOf({ file: [] }), ['CONFIG: expected "parley.json" to hold a JSON object']);
});

test("config: the value of a secret is not shown", () => {
  const problems = problemsOf({ env: { REDIS_URL: "http://user:hunter2@host" } });
  assertEquals(problems, [
    "REDIS_URL: expected a redis://, rediss:// or redis+sentinel://host,host/name URL, got something else",
  ]);
});

test("config: an empty variable is not set, an empty list is a list", () => {
  const config = configOf({ env: { PORT: "", WEBSOCKET_PONG_WAIT: " ", ADMIN_ROLES: "", SOCKETIO_COOKIE: "" } });
  assertEquals([config.ports, config.websocketPongWaitMs, config.adminRoles, config.socketioCookie], [
    [3000],
    60_000,
    [],
    undefined,
  ]);
});

test("config: bounds hold for text and for an embedding program's values alike", () => {
  assertEquals(problemsOf({ env: { PORT: "65536" } }).length, 1);
  assertEquals(problemsOf({ env: { TRUST_PROXY: "-1" } }).length, 1);
  assertEquals(problemsOf({ env: { WORKERS: "0" } }).length, 1);
  assertEquals(problemsOf({ env: { WEBSOCKET_PONG_WAIT: "2h" } }).length, 1);
  const error = assertThrows(
    () => defaultConfig({ websocketPongWaitMs: 1, ports: [70_000], historySize: 1.5 }),
    ParleyError,
  );
  assertEquals(error.code, "bad_message");
  for (const key of ["websocketPongWaitMs", "ports", "historySize"]) {
    assertStringIncludes(error.message, `${key}: expected`);
  }
});

test("config: ports are a list, to which WS_PORT adds one", () => {
  assertEquals(configOf({ env: { PORT: "3000, 3001,8080", WS_PORT: "8081" } }).ports, [3000, 3001, 8080, 8081]);
  assertEquals(configOf({ env: { PORT: "3000", WS_PORT: "3000" } }).ports, [3000]);
  assertEquals(configOf({ file: { port: [3000, 3001] } }).ports, [3000, 3001]);
});

test("config: without a key it is a demo on the loopback, with one a server for everybody", () => {
  const demo = configOf({});
  assertEquals([demo.hasKey, demo.demo, demo.host, demo.broadcast], [false, true, "127.0.0.1", "anyone"]);
  const server = configOf({ env: { JWT_SECRET: SECRET } });
  assertEquals([server.hasKey, server.demo, server.host, server.broadcast], [true, false, "0.0.0.0", "authenticated"]);
});

test("config: a demo goes with no key and listens on no address but the loopback", () => {
  const keys: Record<string, string>[] = [{ JWT_SECRET: SECRET }, { JWKS_URL: "https://id.example/jwks" }];
  for (const key of keys) {
    assertStringIncludes(problemsOf({ env: { ...key, HOST: "127.0.0.1", DEMO: "1" } }).join(), "DEMO: 1 goes without");
  }
  for (const host of ["0.0.0.0", "::", "192.0.2.1"]) {
    assertStringIncludes(problemsOf({ env: { HOST: host, DEMO: "1" } }).join(), `HOST: "${host}" without a key`);
  }
  assertEquals(configOf({ env: { HOST: "localhost", DEMO: "1" } }).demo, true);
});

test("config: without a key only the loopback is listened on", () => {
  assertStringIncludes(problemsOf({ env: { HOST: "0.0.0.0" } }).join(), 'HOST: "0.0.0.0" without a key');
  assertStringIncludes(problemsOf({ env: { DEMO: "0" } }).join(), "DEMO: 0 needs a key");
  for (const host of ["localhost", "127.0.0.1", "127.1.2.3", "::1"]) {
    assertEquals(configOf({ env: { HOST: host } }).host, host);
  }
  for (const host of ["::", "10.0.0.1", "127.0.0.1.example.com"]) {
    assertEquals(problemsOf({ env: { HOST: host } }).length, 1, host);
  }
  assertEquals(configOf({ env: { HOST: "0.0.0.0", JWKS_URL: "https://id.example/jwks" } }).demo, false);
});

test("config: the broker follows from REDIS_URL and WORKERS, and contradictions are refused", () => {
  assertEquals(configOf({}).broker, "memory");
  assertEquals(configOf({ env: { WORKERS: "4" } }).broker, "broadcast");
  assertEquals(configOf({ env: { WORKERS: "4", REDIS_URL: "redis://localhost" } }).broker, "redis");
  assertEquals(problemsOf({ env: { BROKER: "redis" } }), ["BROKER: redis needs REDIS_URL"]);
  assertStringIncludes(problemsOf({ env: { BROKER: "memory", WORKERS: "2" } }).join(), "not shared by 2 workers");
  assertEquals(notesOf({ env: { BROKER: "memory", REDIS_URL: "redis://localhost" } }), [
    "REDIS_URL has no effect: BROKER is memory",
  ]);
});

test("config: auto workers are as many as there are cores", () => {
  const config = configOf({ env: { WORKERS: "auto" } });
  assertEquals([config.workers, config.workerCount], ["auto", navigator.hardwareConcurrency]);
  assertEquals(configOf({ env: { WORKERS: "3" } }).workerCount, 3);
});

test("config: a certificate needs its key, and both must be usable", () => {
  assertStringIncludes(problemsOf({ env: { TLS_CERT: "gone.pem" } }).join("\n"), "TLS_CERT: needs TLS_KEY");
  assertStringIncludes(problemsOf({ env: { TLS_KEY: "-----BEGIN nothing" } }).join("\n"), "TLS_KEY: cannot use it");
  assertStringIncludes(
    problemsOf({ env: { JWT_PUBLIC_KEY: '{"kty":"RSA"}' } }).join("\n"),
    "JWT_PUBLIC_KEY: cannot use it",
  );
});

test("config: a certificate and a key that are not of one pair are refused", () => {
  const [one, other] = [selfSigned(), selfSigned()];
  if (!one || !other) return;
  assertEquals(problemsOf({ env: { TLS_CERT: one.cert, TLS_KEY: one.key } }), []);
  assertEquals(problemsOf({ env: { TLS_CERT: one.cert, TLS_KEY: other.key } }), [
    "TLS_KEY: is not the key of the certificate in TLS_CERT",
  ]);
});

test("config: keys that are in the wrong setting, and algorithms without a key, are refused", () => {
  assertStringIncludes(
    problemsOf({ env: { JWT_SECRET: "-----BEGIN PUBLIC KEY-----\n" } }).join(),
    "belongs into JWT_PUBLIC_KEY",
  );
  assertStringIncludes(
    problemsOf({ env: { JWT_SECRET: SECRET, JWT_ALGORITHMS: "HS256,RS256" } }).join(),
    "RS256 needs JWT_PUBLIC_KEY",
  );
  assertStringIncludes(
    problemsOf({ env: { JWKS_URL: "https://id.example/jwks", JWT_ALGORITHMS: "HS512,ES256" } }).join(),
    "HS512 needs JWT_SECRET",
  );
  assertStringIncludes(
    problemsOf({ env: { JWT_SECRET: SECRET, JWT_ALGORITHMS: "none" } }).join(),
    "JWT_ALGORITHMS: expected some of",
  );
});

test("config: settings without effect and misspelt names are notes for the log", () => {
  assertEquals(notesOf({ env: { WEBSOCKET_PING_PERIOD: "54s", WEBSOCKET_READ_BUFFER_SIZE: "1024" } }), [
    "WEBSOCKET_PING_PERIOD has no effect: the runtime decides when it pings",
    "WEBSOCKET_READ_BUFFER_SIZE has no effect: the runtime owns its buffers",
  ]);
  assertEquals(notesOf({ env: { WEBSOCKET_MAX_ROOM: "3" } }), [
    'WEBSOCKET_MAX_ROOM has no effect: there is no setting "WEBSOCKET_MAX_ROOM", did you mean WEBSOCKET_MAX_ROOMS?',
  ]);
  assertEquals(notesOf({ env: { PORTT: "1", JWT_SECRETS: SECRET, HOME: "/root", USER: "ann", REDIS_PORT: "1" } }), [
    'PORTT has no effect: there is no setting "PORTT", did you mean PORT?',
    'JWT_SECRETS has no effect: there is no setting "JWT_SECRETS", did you mean JWT_SECRET?',
  ]);
  assertEquals(notesOf({ env: { ADMIN_HOST: "10.0.0.1" } }), ["ADMIN_HOST has no effect: there is no ADMIN_PORT"]);
});

test("config: the admin port is not one of the public ones", () => {
  assertEquals(configOf({ env: { ADMIN_PORT: "9090" } }).adminPort, 9090);
  assertStringIncludes(
    problemsOf({ env: { PORT: "3000,9090", ADMIN_PORT: "9090" } }).join(),
    "already the public port",
  );
});

test("config: a buffer holds four messages, whether it is set or not", () => {
  const small = { WEBSOCKET_MAX_MESSAGE_SIZE: "1MiB", WEBSOCKET_MAX_BUFFERED: "2MiB" };
  assertStringIncludes(problemsOf({ env: small }).join(), "WEBSOCKET_MAX_BUFFERED: 2097152 is less than four messages");
  const usual = configOf({});
  assertEquals([maxBufferedBytes(usual, "bun"), maxBufferedBytes(usual, "deno")], [1024 * 1024, 256 * 1024]);
  const large = configOf({ env: { WEBSOCKET_MAX_MESSAGE_SIZE: "1MiB" } });
  assertEquals([maxBufferedBytes(large, "bun"), maxBufferedBytes(large, "deno")], [4 * 1024 * 1024, 4 * 1024 * 1024]);
  assertEquals(maxBufferedBytes(configOf({ env: { WEBSOCKET_MAX_BUFFERED: "512KiB" } }), "bun"), 512 * 1024);
});

test("config: a message size of 0 is no limit", () => {
  const { websocketMaxMessageBytes } = configOf({ env: { WEBSOCKET_MAX_MESSAGE_SIZE: "0" } });
  assertGreater(websocketMaxMessageBytes, 500 * 1024 * 1024);
});

test("config: paths are brought into one shape and must differ", () => {
  const { paths } = configOf({ env: { WS_PATH: "/chat/", SOCKETIO_PATH: "/io" } });
  assertEquals(paths, { envelope: "/websocket/connect", socketio: "/io/", ws: "/chat" });
  assertStringIncludes(problemsOf({ env: { WS_PATH: "/socket.io" } }).join(), "must differ");
  for (const path of ["ws", "/", "/ws?x", "/a b"]) assertEquals(problemsOf({ env: { WS_PATH: path } }).length, 1, path);
});

test("config: origins are written with their scheme, with a star for all or for subdomains", () => {
  const origins = [
    "https://app.example.com",
    "https://*.example.com",
    "http://localhost:8080",
    "capacitor://localhost",
    "*",
  ];
  assertEquals(configOf({ env: { WEBSOCKET_ALLOWED_ORIGINS: origins.join(", ") } }).websocketAllowedOrigins, origins);
  for (const origin of ["example.com", "https://a.*.com", "https://example.com/path"]) {
    assertEquals(problemsOf({ env: { WEBSOCKET_ALLOWED_ORIGINS: origin } }).length, 1, origin);
  }
});

test("config: the time to authenticate is the connection timeout, or ten seconds", () => {
  assertEquals(configOf({}).authenticateTimeoutMs, 10_000);
  const config = configOf({ env: { WEBSOCKET_CONNECTION_TIMEOUT: "3s" } });
  assertEquals([config.authenticateTimeoutMs, config.websocketConnectionTimeoutMs], [3000, 3000]);
});

test("config: an embedding program gets the same defaults, its own values, and a frozen result", () => {
  const { config: loaded } = load({}) as { config: Config };
  assertEquals(defaultConfig({}, DIALECT_FAMILIES), loaded);
  const config = defaultConfig({ ports: [0], paths: { ws: "/x" }, rooms: [{ match: "a" }] });
  assertEquals([config.ports, config.paths.ws, config.paths.envelope, config.rooms.length], [
    [0],
    "/x",
    "/websocket/connect",
    1,
  ]);
  for (const value of [config, config.ports, config.paths, config.rooms, config.rooms[0]]) {
    assert(Object.isFrozen(value));
  }
  const wrong: [object, string][] = [
    [{ port: 3000 }, 'there is no setting "port", did you mean ports?'],
    [{ paths: { envelop: "/x" } }, 'there is no path "envelop", did you mean envelope?'],
  ];
  for (const [overrides, said] of wrong) assertThrows(() => defaultConfig(overrides), ParleyError, said);
});

test("config: names of settings are one word in three spellings", () => {
  assertEquals(flagOf(SETTINGS.websocketPongWaitMs), "--websocket-pong-wait");
  assertEquals(fileKeyOf(SETTINGS.websocketPongWaitMs), "websocketPongWait");
  const names = Object.values(SETTINGS).map((setting) => setting.env);
  assertEquals(new Set(names).size, names.length);
});

test("config: the program refuses to start with all problems and exit code 2", { timeout: 20_000 }, async () => {
  await using process = startServer({ args: ["--prot", "1"], env: { PORT: "none", LOG_FORMAT: "xml" } });
  assertEquals(await process.exited, { code: 2, signal: null });
  for (const part of ["3 problems", "did you mean --port?", 'got "none"', 'got "xml"']) {
    assertStringIncludes(process.output(), part);
  }
});
