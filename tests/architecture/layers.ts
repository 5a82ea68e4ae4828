/**
 * Who may import whom in src/, as data. Read from top to bottom: what stands lower may know what stands above it.
 * A unit is a file directly in src/ without its ending ("broker") or a folder ("http/"); a single file of a folder, or a
 * folder in it, may have a row of its own ("socketio/host", "demo/chat/") and be named by others. Files of one folder
 * know each other.
 * architecture_test.ts enforces it.
 */

/** The ground floor: values and types that know nothing of a server. */
const GROUND = [
  "message",
  "errors",
  "id",
  "json",
  "maybe",
  "linked_map",
  "log",
  "room_name",
  "token_bucket",
  "unicode",
];

const CONTRACTS = ["adapter", "broker", "stores", "dialect", "verifier", "policy", "config/"];

/** Members, rooms and whoever is asked for rights, with the hub between them. */
const CORE = [...GROUND, ...CONTRACTS, "policies/", "hub/"];

/** The way of a connection from its upgrade to its end, and of its frames to the commands. */
const SERVER = [...CORE, "commands/", "gateway/"];

export const MAY_IMPORT: Record<string, readonly string[]> = {
  message: [],
  errors: ["log", "unicode"],
  id: GROUND,
  json: GROUND,
  maybe: GROUND,
  linked_map: [],
  log: [],
  room_name: GROUND,
  token_bucket: GROUND,
  unicode: [],

  adapter: [...GROUND, ...CONTRACTS],
  broker: [...GROUND, ...CONTRACTS],
  stores: GROUND,
  dialect: [...GROUND, ...CONTRACTS],
  verifier: [...GROUND, ...CONTRACTS],
  policy: GROUND,
  "config/": [...GROUND, ...CONTRACTS],

  "adapters/": [...GROUND, "adapter"],
  "brokers/": [...GROUND, "broker", "stores"],
  "dialects/": [...GROUND, "dialect", "policy", "config/kinds", "config/settings"],
  "dialects/all": [...GROUND, "dialect", "socketio/dialect"],
  "verifiers/": [...GROUND, "verifier"],
  "policies/": [...GROUND, "policy", "config/"],

  "hub/": CORE,
  "commands/": CORE,
  "gateway/": SERVER,
  // Socket.IO's packets are put together and taken apart by the transport; its dialect maps whole packets.
  "socketio/": [...GROUND, "adapter", "adapters/topics", "dialect", "dialects/"],
  "socketio/namespace_guard": [...GROUND, "policy"],
  // Sessions and their transports know nothing of what is said in them.
  "socketio/engine/": [...GROUND, "adapter"],
  ...each(["socketio/host", "socketio/transport"], [...SERVER, "socketio/"]),
  "http/": SERVER,
  server: [...SERVER, "socketio/", "http/", "adapters/", "brokers/", "dialects/", "verifiers/"],
  mod: [...SERVER, "server", "dialects/all"],
  "cli/": [...GROUND, ...CONTRACTS, "server", "dialects/all", "verifiers/"],
  "workers/": [...GROUND, ...CONTRACTS, "server", "demo/"],
  main: [...GROUND, ...CONTRACTS, "server", "dialects/all", "workers/", "cli/", "demo/"],

  "demo/": ["config/", "http/", "dialects/all", "demo/shared/"],
  // The demo pages run in a browser: they know the client, and nothing of the server that hands them out.
  ...each(["demo/dialects/", "demo/chat/", "demo/shared/"], ["demo/", "client/", "hub/guest_name"]),

  // The client runs in other people's programs: of ours it sees the types of message.ts, and no code at all.
  "client/": ["message"],
};

/** Files that stand above the folder they are in: what lists its files and others, or ties it to the server. */
export const ABOVE_THEIR_FOLDER = ["dialects/all", "socketio/host", "socketio/transport"];

function each(units: readonly string[], allowed: readonly string[]): Record<string, readonly string[]> {
  return Object.fromEntries(units.map((unit) => [unit, allowed]));
}

/** Where a dependency may be imported, where that is not simply "in one folder". */
export const DEPENDENCY_PLACES: Record<string, readonly string[]> = {
  valibot: ["json", "config/", "dialects/", "socketio/", "http/"],
  jose: ["verifiers/", "cli/token"],
  hono: ["http/", "gateway/credentials"],
  ioredis: ["brokers/"],
  "engine.io-parser": ["socketio/"],
  "socket.io-parser": ["socketio/"],
  react: ["client/", "demo/"],
  "react-dom": ["demo/"],
};

/** Names of a runtime, and the files that may say them. */
export const RUNTIME_NAMES: Record<string, RegExp> = {
  // A worker's entry point in a single binary is known to Bun alone.
  Bun: /^src\/(adapters\/bun(_\w+)?|workers\/workers)\.ts$/,
  Deno: /^src\/adapters\/deno(_\w+)?\.ts$/,
};

/**
 * Who may read the wall clock, and for what. It may be set back or forward at any time, so spans are measured with
 * `performance.now()`: a limit of a second must not last an hour.
 */
export const WALL_CLOCK: Record<string, string> = {
  "src/hub/hub.ts": "times of events; how long a message took from another node",
  "src/commands/server_api.ts": "times of messages",
  "src/commands/presence.ts": "times of statuses",
  "src/commands/publish.ts": "times of messages",
  "src/brokers/broadcast_channel/sequencer.ts": "times of events",
  "src/brokers/memory/presence.ts": "times of events",
  "src/brokers/redis/membership.ts": "times of events",
  "src/brokers/redis/presence.ts": "times of events",
  "src/brokers/redis/rooms.ts": "times of events",
  "src/hub/connection.ts": "since when it is connected, for people",
  "src/gateway/entry.ts": "since when it is connected, for people",
  "src/http/chat_rights.ts": "since when it is connected, for people",
  "src/http/metrics.ts": "when the process started, as Prometheus wants it",
  "src/http/removal.ts": "until when a user is blocked, for people",
  "src/log.ts": "times of lines",
  "src/hub/sweep.ts": "ends of tokens",
  "src/verifiers/jwt.ts": "ends of tokens",
  "src/verifiers/program.ts": "ends of tokens",
  "src/verifiers/sign.ts": "ends of tokens",
  "src/client/platform.ts": "a page that slept has to see that time has passed",
  "src/demo/dialects/json_dialects.ts": "ids that differ from those of the last visit",
  "src/demo/chat/banner.tsx": "seconds until the client tries again",
};

export const MAX_LINES = 350;
/** A file that only passes on has at least so many lines, or is a part of another. */
export const MIN_LINES = 40;
/** Which ones do so all the same, and why. */
export const MAY_PASS_ON: Record<string, string> = {
  "src/client/react/from_react.ts":
    "the client's size: bundlers write one import of React instead of one for each file",
};
/** Files and folders directly in src/. */
export const MAX_TOP_ENTRIES = 34;
/** In the longest chain of imports from folder to folder. */
export const MAX_LAYERS = 11;

/** Programs of their own, beside the server and the client. */
export const PAGES = ["src/demo/chat/", "src/demo/dialects/"];

/** What can be replaced, and the file that alone knows what there is of it. */
export const ROOT = "src/server.ts";
export const PARTS = ["adapters/", "brokers/", "verifiers/"];
/** What stands there although it is none of these, and who may know it. */
export const PARTS_OF_OTHERS: Record<string, readonly string[]> = {
  // A list of subscribers, which knows no runtime.
  "adapters/topics": ["socketio/"],
  // Whoever makes a token knows how one is signed, and no verifier.
  "verifiers/sign": ["cli/token"],
};
