/** Whose request it is, behind any number of proxies, and what counts as one network. */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { addressOf, isPrivate, networkOf } from "../../src/hub/address.ts";

const PEER = { address: "10.0.0.1", port: 3000, secure: false };

test("the address stands as many from the right as there are proxies", () => {
  const rows: [string | undefined, number, string][] = [
    ["203.0.113.9", 0, "10.0.0.1"],
    ["203.0.113.9", 1, "203.0.113.9"],
    ["6.6.6.6, 203.0.113.9", 1, "203.0.113.9"],
    ["6.6.6.6, 203.0.113.9, 198.51.100.1", 2, "203.0.113.9"],
    // Somebody has passed a proxy by.
    ["203.0.113.9", 2, "10.0.0.1"],
    [undefined, 1, "10.0.0.1"],
    ["", 1, "10.0.0.1"],
    ["unknown", 1, "10.0.0.1"],
    ["x".repeat(5000), 1, "10.0.0.1"],
    ["203.0.113.9:51234", 1, "203.0.113.9"],
    ["2001:db8::7", 1, "2001:db8::7"],
    ["[2001:db8::7]", 1, "2001:db8::7"],
    ["[2001:db8::7]:443", 1, "2001:db8::7"],
  ];
  for (const [header, proxies, expected] of rows) {
    const headers = new Headers(header === undefined ? {} : { "x-forwarded-for": header });
    assertEquals([header, addressOf(headers, PEER, proxies)], [header, expected]);
  }
});

test("an IPv4 address is a network of its own, an IPv6 address one of its /64", () => {
  const rows: [string, string][] = [
    ["203.0.113.9", "203.0.113.9"],
    ["::ffff:203.0.113.9", "203.0.113.9"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::6", "2001:db8:1:2::/64"],
    ["2001:0DB8:0001:2::", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:db8::1:2:3:4:5", "2001:db8:0:1::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1", "fe80:0:0:0::/64"],
  ];
  for (const [address, network] of rows) assertEquals([address, networkOf(address)], [address, network]);
});

test("addresses of this machine and its own networks are private, those of the internet are not", () => {
  const inside = [
    ...[
      "127.0.0.1",
      "127.9.9.9",
      "10.1.2.3",
      "172.16.0.1",
      "172.31.255.255",
      "192.168.1.1",
      "169.254.1.1",
      "100.64.0.1",
    ],
    ...["::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "::ffff:10.0.0.1", "::FFFF:127.0.0.1", "", "unix socket"],
  ];
  const outside = [
    ...["128.0.0.1", "11.1.2.3", "172.15.0.1", "172.32.0.1", "192.169.1.1", "100.128.0.1", "203.0.113.9"],
    ...["2001:db8::1", "2606:4700::1111", "fec0::1", "::ffff:203.0.113.9"],
  ];
  for (const address of inside) assertEquals([address, isPrivate(address)], [address, true]);
  for (const address of outside) assertEquals([address, isPrivate(address)], [address, false]);
});

test("an IPv4 address written as one of IPv6 is the same, in whatever form", () => {
  for (const address of ["::ffff:203.0.113.7", "::ffff:cb00:7107", "::FFFF:CB00:7107"]) {
    assertEquals([address, networkOf(address), isPrivate(address)], [address, "203.0.113.7", false]);
  }
  assertEquals([networkOf("::ffff:a00:1"), isPrivate("::ffff:a00:1")], ["10.0.0.1", true]);
});
