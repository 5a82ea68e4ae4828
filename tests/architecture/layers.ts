/**
 * Who may import whom in src/, as data. Read from top to bottom: what stands lower may know what stands above it.
 * A unit is a file directly in src/ without its ending ("hub") or a folder ("http/"); a single file of a folder, or a
 * folder in it, may have a row of its own ("dialects/socketio", "http/demo/"). Files of one folder know each other.
 * architecture_test.ts enforces it.
 */

/** The ground floor: values and types that know nothing of a server. */
const GROUND = [
  ...[
    "message",
    "errors",
    "binary",
    "guest_name",
    "id",
    "maybe",
    "linked_map",
    "log",
    "nearest_name",
    "room_name",
    "unicode",
  ],
  "version",
];

const CONTRACTS = ["adapter", "broker", "dialect", "verifier", "config"];

/** "core" stands for every file directly in src/ that has no row here: connection, room, permissions and their like. */
const CORE = [...GROUND, ...CONTRACTS, "topics", "core"];

/** What works on the hub: rooms gained and lost, identities put on, presence, orders of other nodes, the way out. */
const ON_HUB = ["command", "drain", "identity", "membership", "node", "presence", "sweep"];

/** What knows the commands too: the way of a connection from its upgrade to its end, and what the server itself says. */
const ON_COMMANDS = ["backstage", "dispatcher", "gateway", "lifecycle"];

const SERVER = [...CORE, "hub", ...ON_HUB, "commands/", ...ON_COMMANDS];

export const MAY_IMPORT: Record<string, readonly string[]> = {
  message: [],
  errors: [],
  binary: [],
  id: GROUND,
  maybe: GROUND,
  guest_name: [],
  linked_map: [],
  log: GROUND,
  nearest_name: [],
  room_name: GROUND,
  unicode: [],
  version: [],

  adapter: [...GROUND, ...CONTRACTS],
  broker: [...GROUND, ...CONTRACTS],
  dialect: [...GROUND, ...CONTRACTS],
  verifier: [...GROUND, ...CONTRACTS],
  config: [...GROUND, ...CONTRACTS, "config/"],
  "config/": [...GROUND, ...CONTRACTS],
  topics: [...GROUND, "adapter"],

  "adapters/": [...GROUND, "adapter", "topics"],
  "brokers/": [...GROUND, "broker"],
  "dialects/": [...GROUND, "dialect"],
  // Socket.IO's packets are put together and taken apart by the transport; its dialect maps whole packets.
  ...each(["dialects/socketio", "dialects/socketio_events"], [...GROUND, "dialect", "engine_io/"]),
  "verifiers/": [...GROUND, "verifier"],
  "engine_io/": [...GROUND, "adapter", "topics"],

  core: CORE,
  hub: CORE,
  ...each(ON_HUB, [...CORE, "hub", ...ON_HUB]),
  "commands/": [...CORE, "hub", ...ON_HUB],
  ...each(ON_COMMANDS, SERVER),
  socketio_host: [...SERVER, "engine_io/"],
  switchboard: [...SERVER, "engine_io/", "socketio_host"],
  "http/": SERVER,
  listening: [...SERVER, "engine_io/"],
  server: [
    ...SERVER,
    "listening",
    "socketio_host",
    "switchboard",
    "http/",
    "adapters/",
    "brokers/",
    "dialects/",
    "verifiers/",
    "engine_io/",
  ],
  "cli/": [...GROUND, ...CONTRACTS, "server", "verifiers/"],
  worker: [...GROUND, ...CONTRACTS, "server", "http/"],
  workers: [...GROUND, ...CONTRACTS, "server", "worker"],
  signals: GROUND,
  reload: [...GROUND, ...CONTRACTS, "server"],
  main: [...GROUND, ...CONTRACTS, "reload", "server", "signals", "worker", "workers", "cli/", "http/"],
  mod: [...SERVER, "server"],

  // The demo pages run in a browser: they know the client, and nothing of the server that hands them out.
  ...each(["http/console/", "http/demo/", "http/look/"], ["http/", "client/", "guest_name"]),

  // The client runs in other people's programs: of ours it sees the types of message.ts, and no code at all.
  "client/": ["message"],
};

function each(units: readonly string[], allowed: readonly string[]): Record<string, readonly string[]> {
  return Object.fromEntries(units.map((unit) => [unit, allowed]));
}

/** Where a dependency may be imported, where that is not simply "in one folder". */
export const DEPENDENCY_PLACES: Record<string, readonly string[]> = {
  valibot: ["config", "config/", "dialects/", "http/"],
  jose: ["verifiers/", "cli/token"],
  hono: ["http/"],
  ioredis: ["brokers/"],
  "engine.io-parser": ["engine_io/"],
  "socket.io-parser": ["engine_io/"],
  react: ["client/", "http/"],
  "react-dom": ["http/"],
};

/** Names of a runtime, and the files that may say them. */
export const RUNTIME_NAMES: Record<string, RegExp> = {
  // A worker's entry point in a single binary is known to Bun alone.
  Bun: /^src\/(adapters\/bun(_\w+)?|workers)\.ts$/,
  Deno: /^src\/adapters\/deno(_\w+)?\.ts$/,
};

/**
 * Who may read the wall clock, and for what. It may be set back or forward at any time, so spans are measured with
 * `performance.now()`: a limit of a second must not last an hour.
 */
export const WALL_CLOCK: Record<string, string> = {
  "src/hub.ts": "times of events; how long a message took from another node",
  "src/backstage.ts": "times of messages",
  "src/commands/presence.ts": "times of statuses",
  "src/commands/publish.ts": "times of messages",
  "src/brokers/broadcast_channel/sequencer.ts": "times of events",
  "src/brokers/memory/presence.ts": "times of events",
  "src/brokers/redis/membership.ts": "times of events",
  "src/brokers/redis/presence.ts": "times of events",
  "src/brokers/redis/rooms.ts": "times of events",
  "src/connection.ts": "since when it is connected, for people",
  "src/http/chat_rights.ts": "since when it is connected, for people",
  "src/http/metrics.ts": "when the process started, as Prometheus wants it",
  "src/http/removal.ts": "until when a user is blocked, for people",
  "src/log.ts": "times of lines",
  "src/sweep.ts": "ends of tokens",
  "src/verifiers/jwt.ts": "ends of tokens",
  "src/verifiers/program.ts": "ends of tokens",
  "src/verifiers/sign.ts": "ends of tokens",
  "src/client/platform.ts": "a page that slept has to see that time has passed",
  "src/http/console/json_dialects.ts": "ids that differ from those of the last visit",
  "src/http/demo/banner.tsx": "seconds until the client tries again",
};

export const MAX_LINES = 350;
