/**
 * Reads REDIS_URL: one Redis, some nodes of a Redis Cluster with commas between them, or the Sentinels that know where the
 * master is. Says what is wrong with it without repeating its password.
 */
import { ParleyError } from "../../errors.ts";

export interface RedisAddress {
  host: string;
  port: number;
  username?: string;
  password?: string;
  db: number;
  secure: boolean;
}

export interface RedisLocation {
  /** Host and port are those of the Sentinels, if there is a master to ask them for; the rest is always Redis' own. */
  addresses: RedisAddress[];
  /** The name of that master. */
  master?: string;
}

const SENTINEL = "redis+sentinel://";
const SENTINEL_PORT = 26379;

/** Throws ParleyError `internal` for what is not a Redis URL. */
export function readLocation(urls: string): RedisLocation {
  if (urls.startsWith(SENTINEL)) return readSentinels(urls.slice(SENTINEL.length));
  return { addresses: urls.split(",").map((url) => readAddress(url.trim())) };
}

/** For people: host and port only. */
export function nameOf({ host, port }: RedisAddress): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** A URL has one host, so each is read as one of its own: `[user:pass@]host[:port],…/name[/db]`. */
function readSentinels(text: string): RedisLocation {
  const slash = text.indexOf("/");
  const [master = "", db = "", ...more] = slash < 0 ? [] : text.slice(slash + 1).split("/");
  if (master === "" || more.length > 0) {
    throw refusal(`after its hosts ${SENTINEL} wants /name or /name/db of a master`);
  }
  const authority = slash < 0 ? text : text.slice(0, slash);
  const hosts = authority.slice(authority.lastIndexOf("@") + 1);
  const login = authority.slice(0, authority.length - hosts.length);
  const addresses = hosts.split(",").map((host) => readAddress(`redis://${login}${host.trim()}/${db}`, SENTINEL_PORT));
  return { addresses, master: decodeURIComponent(master) };
}

function readAddress(text: string, defaultPort = 6379): RedisAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^rediss?:$/.test(url.protocol) || url.hostname === "") {
    throw refusal(`it is not a redis://, rediss:// or ${SENTINEL} URL with a host`);
  }
  const db = url.pathname.slice(1) || "0";
  if (!/^\d{1,4}$/.test(db)) throw refusal(`"${db}" is not the number of a database`);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || defaultPort),
    username: decodeURIComponent(url.username) || undefined,
    password: decodeURIComponent(url.password) || undefined,
    db: Number(db),
    secure: url.protocol === "rediss:",
  };
}

function refusal(why: string): ParleyError {
  return new ParleyError("internal", `Cannot use REDIS_URL: ${why}`);
}
