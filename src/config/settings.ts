/**
 * Every setting of Parley: one line holds its name, default, help text and bounds.
 *
 * The environment name (`WEBSOCKET_PONG_WAIT`) is also the flag (`--websocket-pong-wait`) and the key in the CONFIG file
 * (`websocketPongWait`). Keys here are those of `Config`; where they differ in kind, `Config` (config.ts) says so.
 * `--help`, the table of docs/settings.md and the types are all made from this table; read a setting nowhere else.
 */
import {
  choice,
  choices,
  count,
  countOrAuto,
  duration,
  port,
  ports,
  type Setting,
  type SettingTable,
  size,
  text,
  texts,
  toggle,
  type ValuesOf,
} from "./kinds.ts";

const NO_LIMIT = "0: no limit";
const RUNTIME_PINGS = "the runtime decides when it pings";
const RUNTIME_BUFFERS = "the runtime owns its buffers";

const URL_PATH = { like: /^(\/[^/?#\s*]+)+\/?$/, expects: "a path such as /ws", placeholder: "PATH" };
const PEM_OR_PATH = { placeholder: "PEM|BASE64|PATH", expects: "a PEM text, base64 of it or the path of a file" };
const ORIGINS = {
  like: /^(\*|null|[a-z][a-z0-9+.-]*:\/\/(\*\.)?[^/*\s?#]+)$/i,
  expects: "origins such as https://example.com or https://*.example.com with commas between them, or *",
  placeholder: "ORIGIN,…",
};
const ALGORITHMS = [
  ...["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] as const,
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"] as const,
];

const LISTENING = {
  config: text("CONFIG", undefined, "JSON file with any of these settings and the rooms", { placeholder: "FILE" }),
  ports: ports("PORT", "3000", "port to listen on, or several; 0 takes a free one"),
  wsPort: port("WS_PORT", undefined, "one more port"),
  host: text("HOST", undefined, "address to listen on", {
    otherwise: "0.0.0.0 with a key, 127.0.0.1 without",
    placeholder: "ADDRESS",
  }),
  tlsCert: text("TLS_CERT", undefined, "certificate chain; makes it wss:// and https://", PEM_OR_PATH),
  tlsKey: text("TLS_KEY", undefined, "key of the certificate", { ...PEM_OR_PATH, secret: true }),
  basePath: text("BASE_PATH", undefined, "path in front of every URL, which a proxy does not strip", {
    like: /^(\/[\w.~-]+)+\/?$/,
    expects: "a path such as /realtime",
    placeholder: "PATH",
  }),
  trustProxy: count("TRUST_PROXY", "0", "proxies in front, whose X-Forwarded-For is believed", { max: 16 }),
  workers: countOrAuto("WORKERS", "1", "threads that share the port; auto: one per core", { max: 256 }),
  demo: toggle("DEMO", undefined, "demo page at / and tokens for local visitors", {
    otherwise: "1 while no key is configured",
  }),
  logLevel: choice("LOG_LEVEL", "info", "the least that is logged", { of: ["debug", "info", "warn", "error"] }),
  logFormat: choice("LOG_FORMAT", "text", "shape of a log line", { of: ["text", "json"] }),
};

const IDENTITY = {
  jwtSecret: text("JWT_SECRET", undefined, "secret of HS256, HS384 and HS512 tokens", {
    secret: true,
    placeholder: "SECRET",
  }),
  jwtPublicKey: text("JWT_PUBLIC_KEY", undefined, "public key of RS, PS, ES and EdDSA tokens", {
    placeholder: "PEM|JWK|BASE64|PATH",
  }),
  jwksUrl: text("JWKS_URL", undefined, "where the identity provider publishes its keys", {
    like: /^https?:\/\/[^\s]+$/,
    expects: "an http:// or https:// URL",
    placeholder: "URL",
  }),
  jwtIssuer: text("JWT_ISSUER", undefined, "the `iss` a token must have", { otherwise: "any" }),
  jwtAudience: texts("JWT_AUDIENCE", undefined, "the `aud` a token must have, or several of which it must have one", {
    otherwise: "any",
    least: 1,
  }),
  jwtLeewayMs: duration("JWT_LEEWAY", "5s", "difference of clocks that is forgiven at `exp` and `nbf`", { max: "1h" }),
  jwtAlgorithms: choices("JWT_ALGORITHMS", undefined, "the only algorithms accepted", {
    of: ALGORITHMS,
    otherwise: "all that fit the keys",
  }),
  tokenCookies: texts("TOKEN_COOKIES", "falcon_auth_token,token", "cookies that may carry a token"),
  websocketRequireAuth: toggle("WEBSOCKET_REQUIRE_AUTH", "0", "refuse guests everywhere"),
  websocketAllowedOrigins: texts("WEBSOCKET_ALLOWED_ORIGINS", "*", "pages that may connect", ORIGINS),
};

const ADMINISTRATION = {
  adminToken: text("ADMIN_TOKEN", undefined, "key of the admin API", { secret: true, placeholder: "SECRET" }),
  adminRoles: texts("ADMIN_ROLES", "super_admin,admin", "roles that make a token an admin's; empty: none does"),
  adminPort: port("ADMIN_PORT", undefined, "port of its own for the admin API and /metrics", {
    otherwise: "the public port",
  }),
  adminHost: text("ADMIN_HOST", "127.0.0.1", "address of that port", { placeholder: "ADDRESS" }),
  adminHosts: texts("ADMIN_HOSTS", "", "names of that port beside IPs and local ones", {
    like: /^[\w-]+(\.[\w-]+)*$/,
    expects: "host names such as parley.example.com with commas between them",
  }),
  metrics: choice("METRICS", "private", "whether /metrics is open to everybody", { of: ["private", "public"] }),
};

const CLUSTER = {
  broker: choice("BROKER", undefined, "what the nodes share", {
    of: ["memory", "broadcast", "redis"],
    otherwise: "redis with REDIS_URL, broadcast with WORKERS",
  }),
  redisUrl: text("REDIS_URL", undefined, "Redis, several nodes of a Redis Cluster, or Sentinels", {
    like: /^(rediss?:\/\/[^\s,]+(,rediss?:\/\/[^\s,]+)*|redis\+sentinel:\/\/[^\s/]+\/[^\s/]+(\/\d+)?)$/,
    expects: "a redis://, rediss:// or redis+sentinel://host,host/name URL",
    placeholder: "URL",
    secret: true,
  }),
  redisSentinelPassword: text("REDIS_SENTINEL_PASSWORD", undefined, "password of the Sentinels themselves", {
    placeholder: "TEXT",
    secret: true,
  }),
  redisPrefix: text("REDIS_PREFIX", "parley", "head of every key and channel", {
    like: /^[^\s{}]{1,64}$/,
    expects: "up to 64 characters without spaces and braces",
  }),
  redisSharded: choice("REDIS_SHARDED", "auto", "sharded pub/sub; auto: on a Redis Cluster", {
    of: ["auto", "on", "off"],
  }),
};

const ROOMS = {
  historySize: count("HISTORY_SIZE", "100", "messages a room keeps; 0: none", { max: 100_000 }),
  historyTtlMs: duration("HISTORY_TTL", "1h", "how long it keeps them", { min: "1s", max: "365d" }),
  historyMaxBytes: size("HISTORY_MAX_BYTES", "64MiB", "memory for the history of all rooms of a node", { min: "1KiB" }),
  historyRoomBytes: size("HISTORY_ROOM_BYTES", "4MiB", "what the history of one room may hold, in Redis too", {
    min: "1KiB",
  }),
  inboxSize: count("INBOX_SIZE", "200", "notifications kept for a user; 0: none", { max: 100_000 }),
  inboxTtlMs: duration("INBOX_TTL", "30d", "how long they are kept", { min: "1s", max: "3650d" }),
  roomAnnounceMax: count(
    "ROOM_ANNOUNCE_MAX",
    "500",
    "members up to which joins and leaves are told; again at 80 % of it",
  ),
  broadcast: choice("BROADCAST", undefined, "who may send to everybody", {
    of: ["anyone", "authenticated", "admin", "off"],
    otherwise: "authenticated; anyone in demo mode",
  }),
};

const LIMITS = {
  websocketMaxMessageBytes: size("WEBSOCKET_MAX_MESSAGE_SIZE", "64KiB", `size of a message; ${NO_LIMIT}`, {
    max: "256MiB",
  }),
  websocketMaxBufferedBytes: size(
    "WEBSOCKET_MAX_BUFFERED",
    undefined,
    "unsent bytes a slow reader may have",
    {
      min: "4",
      max: "2GiB",
      otherwise: "1MiB on Bun, 256KiB on Deno",
    },
  ),
  websocketMessageRate: count("WEBSOCKET_MESSAGE_RATE", "50", `messages a second of a connection; ${NO_LIMIT}`),
  websocketMessageBurst: count("WEBSOCKET_MESSAGE_BURST", "100", "messages at once before the rate counts", { min: 1 }),
  websocketByteRate: size("WEBSOCKET_BYTE_RATE", "256KiB", `bytes a second of a connection; ${NO_LIMIT}`),
  websocketJoinRate: count("WEBSOCKET_JOIN_RATE", "10", `joins and leaves a second of a connection; ${NO_LIMIT}`),
  historyReadRate: count("HISTORY_READ_RATE", "10", `pages of history a second of an address, over REST; ${NO_LIMIT}`),
  websocketConnectRate: count("WEBSOCKET_CONNECT_RATE", "100", `new connections a second of an address; ${NO_LIMIT}`),
  websocketConnectBurst: count("WEBSOCKET_CONNECT_BURST", "200", "new connections at once before the rate counts", {
    min: 1,
  }),
  websocketMaxConnections: count("WEBSOCKET_MAX_CONNECTIONS", "0", `connections in all; ${NO_LIMIT}`),
  websocketMaxConnectionsPerIp: count(
    "WEBSOCKET_MAX_CONNECTIONS_PER_IP",
    "1000",
    `connections of a public address; ${NO_LIMIT}`,
  ),
  websocketMaxConnectionsPerUser: count(
    "WEBSOCKET_MAX_CONNECTIONS_PER_USER",
    "0",
    `connections of a user; ${NO_LIMIT}`,
  ),
  websocketMaxRooms: count("WEBSOCKET_MAX_ROOMS", "100", `rooms of a connection; ${NO_LIMIT}`),
  websocketMaxMembers: count("WEBSOCKET_MAX_MEMBERS", "0", `members of a room; ${NO_LIMIT}`),
};

const CONNECTIONS = {
  websocketEnabled: toggle("WEBSOCKET_ENABLED", "1", "0: WebSocket URLs answer 503, HTTP goes on"),
  websocketPongWaitMs: duration("WEBSOCKET_PONG_WAIT", "60s", "a peer silent for so long is dropped", {
    min: "1s",
    max: "1h",
  }),
  websocketWriteWaitMs: duration(
    "WEBSOCKET_WRITE_WAIT",
    "10s",
    "time a slow reader has to catch up; noticed within 4 s",
    {
      min: "1s",
      max: "1h",
    },
  ),
  websocketConnectionTimeoutMs: duration(
    "WEBSOCKET_CONNECTION_TIMEOUT",
    undefined,
    "time to authenticate, and for silence after it",
    {
      min: "100ms",
      max: "1h",
      otherwise: "10s, WEBSOCKET_PONG_WAIT",
    },
  ),
  websocketDrainMs: duration("WEBSOCKET_DRAIN", "10s", "time to send everybody away when stopping", { max: "1h" }),
  websocketPingPeriodMs: duration("WEBSOCKET_PING_PERIOD", undefined, "accepted", { noEffect: RUNTIME_PINGS }),
  websocketHeartbeatIntervalMs: duration("WEBSOCKET_HEARTBEAT_INTERVAL", undefined, "accepted", {
    noEffect: RUNTIME_PINGS,
  }),
  websocketReadBufferBytes: size("WEBSOCKET_READ_BUFFER_SIZE", undefined, "accepted", { noEffect: RUNTIME_BUFFERS }),
  websocketWriteBufferBytes: size("WEBSOCKET_WRITE_BUFFER_SIZE", undefined, "accepted", { noEffect: RUNTIME_BUFFERS }),
};

const DIALECTS = {
  dialects: texts("DIALECTS", undefined, "what is spoken", {
    otherwise: "all there are",
    expects: "names of dialects with commas between them",
    least: 1,
  }),
  envelopePath: text("ENVELOPE_PATH", "/websocket/connect", "where envelope connects", URL_PATH),
  wsPath: text("WS_PATH", "/ws", "where kebab, snake and plain connect", URL_PATH),
  socketioPath: text("SOCKETIO_PATH", "/socket.io/", "where Socket.IO connects", URL_PATH),
  socketioNamespaces: texts("SOCKETIO_NAMESPACES", "", "namespaces beside /", {
    like: /^\/[^,?\s]+$/,
    expects: "namespaces such as /chat with commas between them",
  }),
  socketioRecovery: toggle("SOCKETIO_RECOVERY", "0", "connection state recovery"),
  socketioRecoveryWindowMs: duration("SOCKETIO_RECOVERY_WINDOW", "15s", "how long it waits for a client that is away", {
    min: "100ms",
    max: "10m",
  }),
  socketioMaxPayloadBytes: size("SOCKETIO_MAX_PAYLOAD", "1000000", "one transport payload", {
    min: "1KiB",
    max: "256MiB",
  }),
  socketioMaxAttachments: count("SOCKETIO_MAX_ATTACHMENTS", "10", "binary attachments of an event", { max: 1000 }),
  socketioPingIntervalMs: duration("SOCKETIO_PING_INTERVAL", "25s", "time between pings", {
    min: "100ms",
    // A long poll lasts until the next ping, and Bun ends requests that are silent for 255 s.
    max: "4m",
  }),
  socketioPingTimeoutMs: duration("SOCKETIO_PING_TIMEOUT", "20s", "time to answer one", { min: "100ms", max: "1h" }),
  socketioConnectTimeoutMs: duration("SOCKETIO_CONNECT_TIMEOUT", "45s", "time to join a namespace", {
    min: "100ms",
    max: "1h",
  }),
  socketioUpgradeTimeoutMs: duration("SOCKETIO_UPGRADE_TIMEOUT", "10s", "time to finish an upgrade", {
    min: "100ms",
    max: "1h",
  }),
  socketioCookie: text("SOCKETIO_COOKIE", undefined, "cookie for sticky sessions; empty: none", {
    like: /^[\w!#$%&'*+.^`|~-]+$/,
    expects: "the name of a cookie",
    placeholder: "NAME",
  }),
};

/** In the order of --help and of docs/settings.md. */
export const GROUPS = {
  "Listening": LISTENING,
  "Identity": IDENTITY,
  "Administration": ADMINISTRATION,
  "Cluster": CLUSTER,
  "Rooms": ROOMS,
  "Limits": LIMITS,
  "Connections": CONNECTIONS,
  "Dialects": DIALECTS,
} satisfies Record<string, Record<string, Setting>>;

export const SETTINGS = {
  ...LISTENING,
  ...IDENTITY,
  ...ADMINISTRATION,
  ...CLUSTER,
  ...ROOMS,
  ...LIMITS,
  ...CONNECTIONS,
  ...DIALECTS,
};

export type SettingKey = keyof typeof SETTINGS;

/** What the table alone says about a setting's value: its own type, or undefined where there is no default. */
export type Values = ValuesOf<typeof SETTINGS>;

/** A dialect, as far as the settings have to know it: the table that holds them stands below all dialects. */
export interface DialectDeclaration {
  /** As DIALECTS names it. */
  readonly name: string;
  /** Settings of its own, by their keys in the configuration; kinds.ts has their makers. */
  readonly settings?: SettingTable;
}

/** The settings of a server that knows these dialects. */
export function settingsFor(dialects: readonly DialectDeclaration[]): SettingTable {
  return Object.assign({}, ...Object.values(groupsFor(dialects)));
}

/** The same in their groups. Without a dialect, DIALECTS takes any names. */
export function groupsFor(dialects: readonly DialectDeclaration[]): Record<string, SettingTable> {
  if (dialects.length === 0) return GROUPS;
  const names = dialects.map(({ name }) => name);
  const spoken = { dialects: choices("DIALECTS", names.join(","), DIALECTS.dialects.help, { of: names }) };
  return {
    ...GROUPS,
    "Dialects": Object.assign({ ...DIALECTS, ...spoken }, ...dialects.map(({ settings }) => settings)),
  };
}

/** `WEBSOCKET_PONG_WAIT` → `--websocket-pong-wait`. */
export function flagOf(setting: { env: string }): string {
  return `--${setting.env.toLowerCase().replaceAll("_", "-")}`;
}

/** `WEBSOCKET_PONG_WAIT` → `websocketPongWait`, the key in the CONFIG file. */
export function fileKeyOf(setting: { env: string }): string {
  return setting.env.toLowerCase().replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
}
