/**
 * Whose request it is: the address that limits count by.
 */
import type { Peer } from "./adapter.ts";

/**
 * The client's address behind `proxies` trusted proxies: that many from the right of `X-Forwarded-For`. Whatever stands
 * further left was written by the client itself.
 */
export function addressOf(headers: Headers, peer: Peer, proxies: number): string {
  if (proxies === 0) return peer.address;
  const hops = headers.get("x-forwarded-for")?.split(",") ?? [];
  return hops[hops.length - proxies]?.trim() || peer.address;
}

/** What one subscriber of a provider is given: an IPv4 address, or the /64 of an IPv6 address. */
export function networkOf(address: string): string {
  const mapped = address.match(/^::ffff:(\d+\.\d+\.\d+\.\d+)$/i);
  if (mapped) return mapped[1]!;
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const gap = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...new Array(Math.max(gap, 0)).fill("0"), ...right];
  return groups.slice(0, 4).map((group) => parseInt(group, 16).toString(16)).join(":") + "::/64";
}
