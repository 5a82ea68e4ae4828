/**
 * Every server of the bench, in the order of the report. To add one: a folder in `peers/` and an entry here.
 */
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mqtt, nats } from "../load/foreign_protocols.ts";
import { envelope, greeted, kebab, plain, raw, snake, socketio } from "../load/protocols.ts";
import { TOKEN_SECRET } from "../load/token.ts";
import type { Command } from "./child.ts";
import { type Recipe, type Server, server, type StartOptions } from "./server.ts";

const project = fileURLToPath(new URL("../../../", import.meta.url).href);

/** A peer in `peers/` that a runtime starts by one file and that speaks the simplest protocol. */
function peer(recipe: Omit<Recipe, "command" | "protocols" | "kind"> & { argv: string[] } & Partial<Recipe>): Server {
  const { argv: [file, ...args], ...rest } = recipe;
  const command = ({ folder, port }: { folder: string; port: number }, options: StartOptions): Command => ({
    argv: [file!, ...args],
    cwd: folder,
    env: {
      PORT: `${port}`,
      NODE_ENV: "production",
      ...(options.announce && { ANNOUNCE: "1" }),
      ...(options.redisUrl && { REDIS_URL: options.redisUrl }),
    },
  });
  return server({ kind: "peer", protocols: [raw], command, ...rest });
}

interface Checkout extends Pick<Server, "name" | "title" | "limit" | "only"> {
  readonly argv: [string, ...string[]];
  readonly folder?: string;
  /** A CONFIG file, from the project's folder. */
  readonly config?: string;
}

/** Every load but the hostile one would be refused. */
const WITHOUT_RATES = {
  WEBSOCKET_MESSAGE_RATE: "0",
  WEBSOCKET_BYTE_RATE: "0",
  WEBSOCKET_JOIN_RATE: "0",
  WEBSOCKET_CONNECT_RATE: "0",
};

/** Limits that would refuse the load are off; everything else, metrics included, is as it ships. */
function parley({ name, title, limit, only, argv, folder = project, config }: Checkout): Server {
  const command = ({ port }: { port: number }, { redisUrl, guarded }: StartOptions): Command => ({
    argv,
    cwd: folder,
    env: {
      PORT: `${port}`,
      HOST: "127.0.0.1",
      LOG_LEVEL: "error",
      ...(guarded ? { TRUST_PROXY: "1" } : WITHOUT_RATES),
      JWT_SECRET: TOKEN_SECRET,
      ...(redisUrl && { REDIS_URL: redisUrl }),
      ...(config && { CONFIG: join(project, config) }),
    },
  });
  const protocols = [kebab, envelope, snake, plain, socketio, greeted];
  return server({ name, title, kind: "parley", limit, only, protocols, clusters: true, command });
}

/** This checkout, and beside it, to see what a change gains, the one in the folder PARLEY_BEFORE names. */
function parleys(runtime: "bun" | "deno", title: string, argv: Checkout["argv"]): Server[] {
  const [name, limit] = [`parley-${runtime}`, `bare-${runtime}`] as const;
  const now = parley({ name, title: `Parley on ${title}`, limit, argv });
  const folder = process.env.PARLEY_BEFORE;
  return folder
    ? [now, parley({ name: `${name}-before`, title: `Parley on ${title}, before`, limit, argv, folder })]
    : [now];
}

/** A program of the machine that wants its port in a file. */
function configured(recipe: Omit<Recipe, "command" | "kind"> & Program): Server {
  const command = ({ port }: { port: number }): Command => {
    const path = join(tmpdir(), `parley-bench-${recipe.program}-${port}.conf`);
    writeFileSync(path, recipe.config(port));
    return { argv: [recipe.program, "-c", path] };
  };
  return server({ ...recipe, kind: "reference", command });
}

interface Program {
  readonly program: string;
  config(port: number): string;
}

const natsConfig = (port: number) =>
  `host: 127.0.0.1\nport: -1\nwebsocket { host: 127.0.0.1, port: ${port}, no_tls: true }\n`;

const mosquittoConfig = (port: number) =>
  [
    "allow_anonymous true",
    "set_tcp_nodelay true",
    // Version 2.0.11 refuses to start with WebSocket listeners alone, and binds them to 127.0.0.1 only as IPv4.
    `listener 0 ${join(tmpdir(), `parley-bench-mosquitto-${port}.sock`)}`,
    `listener ${port} 127.0.0.1`,
    "protocol websockets",
    "socket_domain ipv4",
  ].join("\n") + "\n";

/** Where the size of a frame matters. */
const SAME_FRAMES = ["fanout", "socketio"];

export const SERVERS: readonly Server[] = [
  peer({ name: "bare-bun", title: "bare Bun publish", kind: "limit", folder: "bare_bun", argv: ["bun", "server.ts"] }),
  peer({
    name: "bare-bun-event",
    title: "bare Bun, Parley-sized frames",
    kind: "limit",
    folder: "bare_bun_event",
    only: SAME_FRAMES,
    argv: ["bun", "server.ts"],
  }),
  ...parleys("bun", "Bun", ["bun", "src/main.ts"]),
  parley({
    name: "parley-bun-coalescing",
    title: "Parley on Bun, rooms coalesce 4 ms",
    limit: "bare-bun",
    only: ["fanout-1000"],
    argv: ["bun", "src/main.ts"],
    config: "tests/bench/servers/coalescing.json",
  }),
  peer({
    name: "bare-deno",
    title: "bare Deno loop",
    kind: "limit",
    limit: "bare-deno",
    folder: "bare_deno",
    argv: ["deno", "run", "--allow-net", "--allow-env", "server.ts"],
  }),
  peer({
    name: "bare-deno-event",
    title: "bare Deno, Parley-sized frames",
    kind: "limit",
    limit: "bare-deno",
    folder: "bare_deno_event",
    only: SAME_FRAMES,
    argv: ["deno", "run", "--allow-net", "--allow-env", "server.ts"],
  }),
  ...parleys("deno", "Deno", ["deno", "run", "--allow-all", "src/main.ts"]),
  peer({ name: "ws", title: "ws on Node", folder: "ws", argv: ["node", "server.js"] }),
  peer({
    name: "socketio-node",
    title: "socket.io on Node",
    folder: "socketio_node",
    protocols: [socketio],
    clusters: true,
    argv: ["node", "server.js"],
  }),
  peer({
    name: "socketio-bun",
    title: "socket.io, bun-engine",
    folder: "socketio_bun",
    protocols: [socketio],
    argv: ["bun", "server.js"],
  }),
  peer({ name: "crossws", title: "crossws on Bun", folder: "crossws", argv: ["bun", "server.js"] }),
  peer({ name: "elysia", title: "Elysia on Bun", folder: "elysia", argv: ["bun", "server.js"] }),
  peer({ name: "hono", title: "Hono on Bun", folder: "hono", argv: ["bun", "server.js"] }),
  configured({
    name: "nats",
    title: "nats-server (Go)",
    protocols: [nats],
    program: "nats-server",
    config: natsConfig,
  }),
  configured({
    name: "mosquitto",
    title: "mosquitto (C)",
    protocols: [mqtt],
    program: "mosquitto",
    config: mosquittoConfig,
  }),
];
