/**
 * Reads REDIS_URL: one Redis, or some nodes of a Redis Cluster with commas between them. Called once at start; says what
 * is wrong with it without repeating its password.
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

/** Throws ParleyError `internal` for what is no Redis URL. */
export function readAddresses(urls: string): RedisAddress[] {
  return urls.split(",").map((url) => readAddress(url.trim()));
}

/** For people: host and port only. */
export function nameOf({ host, port }: RedisAddress): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function readAddress(text: string): RedisAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^rediss?:$/.test(url.protocol) || url.hostname === "") {
    throw refusal("it is no redis:// or rediss:// URL with a host");
  }
  const db = url.pathname.slice(1) || "0";
  if (!/^\d{1,4}$/.test(db)) throw refusal(`"${db}" is no number of a database`);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || 6379),
    username: decodeURIComponent(url.username) || undefined,
    password: decodeURIComponent(url.password) || undefined,
    db: Number(db),
    secure: url.protocol === "rediss:",
  };
}

function refusal(why: string): ParleyError {
  return new ParleyError("internal", `Cannot use REDIS_URL: ${why}`);
}
