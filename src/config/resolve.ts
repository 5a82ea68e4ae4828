/**
 * From settings one by one to a configuration that holds together: what follows from what, and what excludes what.
 *
 * `problems` stop the start; what is only worth a note is in notes.ts. Pure: nothing is read here.
 */
import { namespaceOf } from "../room_name.ts";
import { readRules, type RoomRule, standardRule } from "./rooms.ts";
import type { Values } from "./settings.ts";

export type Path = "envelopePath" | "socketioPath" | "wsPath";

/** Frozen, nested values included. Sizes are bytes, durations milliseconds, 0 is no limit where a limit is optional. */
export interface Config extends Readonly<Omit<Values, "config" | "wsPort" | Path>> {
  readonly host: string;
  /** Without a slash at its end; empty: none. */
  readonly basePath: string;
  readonly demo: boolean;
  readonly broker: "memory" | "broadcast" | "redis";
  readonly broadcast: "anyone" | "authenticated" | "admin" | "off";
  /** With the base path; `socketio` ends in a slash, the others do not. */
  readonly paths: Readonly<Record<"envelope" | "socketio" | "ws", string>>;
  /** The first that matches decides; where none does, `defaultRoom`. */
  readonly rooms: readonly RoomRule[];
  readonly defaultRoom: RoomRule;
  /** `workers`, with `auto` replaced by the number of cores. */
  readonly workerCount: number;
  /** Within which a connection must authenticate where that is required. */
  readonly authenticateTimeoutMs: number;
  /** A secret, a public key or a JWKS URL is configured; without one a key is made for the run. */
  readonly hasKey: boolean;
}

export interface Resolved {
  config: Config;
  problems: string[];
}

/** 0 stands for the longest string of V8: no frame of text can be longer, whatever is allowed. */
const LONGEST_FRAME = 2 ** 29 - 24;
const DEFAULT_AUTHENTICATE_MS = 10_000;
const MIN_ADMIN_TOKEN = 16;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/;

export function resolve(values: Values, written: unknown = []): Resolved {
  const history = { size: values.historySize, ttlMs: values.historyTtlMs };
  const { rules: rooms, problems } = readRules(written, history);
  const config = complete(values, { rooms, defaultRoom: standardRule(history) });
  problems.push(...contradictions(values, config));
  return { config: freeze(config), problems };
}

function complete(values: Values, rules: Pick<Config, "rooms" | "defaultRoom">): Config {
  const { config: _, wsPort, envelopePath, socketioPath, wsPath, ...rest } = values;
  const hasKey = Boolean(values.jwtSecret ?? values.jwtPublicKey ?? values.jwksUrl);
  const demo = values.demo ?? !hasKey;
  const basePath = trimmed(values.basePath ?? "");
  const pathOf = (path: string) => basePath + trimmed(path);
  const workerCount = values.workers === "auto" ? navigator.hardwareConcurrency : values.workers;
  return {
    ...rest,
    ...rules,
    basePath,
    hasKey,
    demo,
    workerCount,
    ports: [...new Set([...values.ports, ...(wsPort === undefined ? [] : [wsPort])])],
    host: values.host ?? (hasKey ? "0.0.0.0" : "127.0.0.1"),
    broker: values.broker ?? (values.redisUrl ? "redis" : workerCount > 1 ? "broadcast" : "memory"),
    broadcast: values.broadcast ?? (demo ? "anyone" : "authenticated"),
    paths: { envelope: pathOf(envelopePath), socketio: `${pathOf(socketioPath)}/`, ws: pathOf(wsPath) },
    websocketMaxMessageBytes: values.websocketMaxMessageBytes || LONGEST_FRAME,
    authenticateTimeoutMs: values.websocketConnectionTimeoutMs ?? DEFAULT_AUTHENTICATE_MS,
  };
}

function contradictions(values: Values, config: Config): string[] {
  return [
    config.hasKey && values.demo && "DEMO: 1 goes without any key, it gives everybody tokens: leave it out, or the key",
    !config.hasKey && values.demo === false && "DEMO: 0 needs a key, set JWT_SECRET, JWT_PUBLIC_KEY or JWKS_URL",
    !config.hasKey && !LOOPBACK.test(config.host) &&
    `HOST: "${config.host}" without a key would let everybody in, set JWT_SECRET, JWT_PUBLIC_KEY or JWKS_URL`,
    values.tlsCert && !values.tlsKey && "TLS_CERT: needs TLS_KEY",
    values.tlsKey && !values.tlsCert && "TLS_KEY: needs TLS_CERT",
    ...keyContradictions(config),
    ...adminContradictions(config),
    ...brokerContradictions(config),
    ...namespaceContradictions(config),
    config.adminPort !== undefined && config.adminPort !== 0 && config.ports.includes(config.adminPort) &&
    `ADMIN_PORT: ${config.adminPort} is already the public port`,
    repeated(config.ports.filter((port) => port !== 0)),
    new Set([config.paths.envelope, `${config.paths.socketio.slice(0, -1)}`, config.paths.ws]).size < 3 &&
    "ENVELOPE_PATH, SOCKETIO_PATH and WS_PATH: must differ",
    (config.websocketMaxBufferedBytes ?? Infinity) < 4 * config.websocketMaxMessageBytes &&
    `WEBSOCKET_MAX_BUFFERED: ${config.websocketMaxBufferedBytes} is less than four messages of ${config.websocketMaxMessageBytes} bytes`,
  ].filter((problem) => typeof problem === "string");
}

function keyContradictions({ jwtSecret, jwtPublicKey, jwksUrl, jwtAlgorithms = [] }: Config): (string | false)[] {
  const symmetric = jwtAlgorithms.filter((name) => name.startsWith("HS"));
  const asymmetric = jwtAlgorithms.filter((name) => !name.startsWith("HS"));
  const publicKey = jwtPublicKey ?? jwksUrl;
  return [
    (jwtSecret ?? "").includes("-----BEGIN ") && "JWT_SECRET: holds a PEM key, which belongs into JWT_PUBLIC_KEY",
    /PRIVATE KEY-----/.test(jwtPublicKey ?? "") && "JWT_PUBLIC_KEY: holds a private key, give the public one",
    symmetric.length > 0 && !jwtSecret && `JWT_ALGORITHMS: ${symmetric.join(", ")} needs JWT_SECRET`,
    asymmetric.length > 0 && !publicKey && `JWT_ALGORITHMS: ${asymmetric.join(", ")} needs JWT_PUBLIC_KEY or JWKS_URL`,
  ];
}

/** Who reaches the admin API may try keys; from elsewhere a short one can be found. */
function adminContradictions({ adminToken, adminPort, adminHost, host }: Config): (string | false)[] {
  const address = adminPort === undefined ? host : adminHost;
  if (adminToken === undefined || adminToken.length >= MIN_ADMIN_TOKEN || LOOPBACK.test(address)) return [];
  const why = `the admin API listens on ${address}, where others reach it`;
  return [`ADMIN_TOKEN: ${adminToken.length} characters are too few, ${why}: take at least ${MIN_ADMIN_TOKEN}`];
}

function brokerContradictions({ broker, redisUrl, workerCount }: Config): (string | false)[] {
  return [
    broker === "redis" && !redisUrl && "BROKER: redis needs REDIS_URL",
    broker === "memory" && workerCount > 1 &&
    `BROKER: memory is not shared by ${workerCount} workers, leave it out or take broadcast or redis`,
  ];
}

/** A room of a namespace is judged by its name in it: such a rule would never match. */
function namespaceContradictions({ rooms, socketioNamespaces }: Config): string[] {
  return rooms.flatMap(({ match }, index) => {
    const namespace = namespaceOf(match, socketioNamespaces);
    if (namespace === undefined) return [];
    return `rooms[${index}].match: rules hold in every namespace, write "${match.slice(namespace.length + 1)}"`;
  });
}

function repeated(ports: number[]): string | false {
  const twice = ports.find((port, index) => ports.indexOf(port) !== index);
  return twice !== undefined && `PORT: ${twice} is named twice`;
}

function trimmed(path: string): string {
  return path.replace(/\/+$/, "");
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(freeze);
  return value;
}
