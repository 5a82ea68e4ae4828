/**
 * Whose request it is: the address that limits count by.
 */
import { BlockList, isIP } from "node:net";
import type { Peer } from "../adapter.ts";

/**
 * The client's address behind `proxies` trusted proxies: that many from the right of `X-Forwarded-For`. Whatever stands
 * further left was written by the client itself. What is not an address there does not count: the proxy's own is taken.
 */
export function addressOf(headers: Headers, peer: Peer, proxies: number): string {
  if (proxies === 0) return peer.address;
  const hops = headers.get("x-forwarded-for")?.split(",") ?? [];
  const address = withoutPort(hops[hops.length - proxies]?.trim() ?? "");
  return isIP(address) > 0 ? address : peer.address;
}

/** Some proxies write `203.0.113.7:5123` or `[2001:db8::1]:5123`. */
function withoutPort(hop: string): string {
  return hop.replace(/^\[(.*)\](:\d+)?$/, "$1").replace(/^([\d.]+):\d+$/, "$1");
}

/** Of this machine, to which nobody else can send. */
export function isLoopback(address: string): boolean {
  return /^(::ffff:)?127(\.\d{1,3}){3}$|^::1$/i.test(address);
}

/** Networks whose addresses stand for nobody on the internet: loopback, private, link-local and shared ones. */
const PRIVATE = new BlockList();
for (
  const [network, bits] of [
    ...[["127.0.0.0", 8], ["10.0.0.0", 8], ["172.16.0.0", 12], ["192.168.0.0", 16], ["169.254.0.0", 16]] as const,
    ...[["100.64.0.0", 10], ["::1", 128], ["fc00::", 7], ["fe80::", 10]] as const,
  ]
) PRIVATE.addSubnet(network, bits, isIP(network) === 4 ? "ipv4" : "ipv6");

/** Somebody on this machine or in its network; often a proxy that all clients come through. No address at all, too. */
export function isPrivate(address: string): boolean {
  const bare = mappedIn(address) ?? address.split("%", 1)[0]!;
  const version = isIP(bare);
  return version === 0 || PRIVATE.check(bare, version === 4 ? "ipv4" : "ipv6");
}

/** `::ffff:203.0.113.7`, or `::ffff:cb00:7107`. */
const MAPPED = /^::ffff:(?:(\d+\.\d+\.\d+\.\d+)|([\da-f]{1,4}):([\da-f]{1,4}))$/i;

/** The IPv4 address that one of IPv6 stands for; all of them would be one network. */
function mappedIn(address: string): string | undefined {
  const [found, dotted, high = "", low = ""] = MAPPED.exec(address) ?? [];
  if (found === undefined || dotted !== undefined) return dotted;
  return [parseInt(high, 16), parseInt(low, 16)].flatMap((half) => [half >> 8, half & 0xff]).join(".");
}

/** What one subscriber of a provider is given: an IPv4 address, or the /64 of an IPv6 address. */
export function networkOf(address: string): string {
  const mapped = mappedIn(address);
  if (mapped !== undefined) return mapped;
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const gap = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...new Array(Math.max(gap, 0)).fill("0"), ...right];
  return groups.slice(0, 4).map((group) => parseInt(group, 16).toString(16)).join(":") + "::/64";
}
