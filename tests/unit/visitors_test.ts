/**
 * Whom the demo takes for somebody at the machine of the server.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { whyRefused } from "../../src/http/visitors.ts";

const HOST = { host: "localhost:3000" };

function judge(address: string, headers: Record<string, string> = HOST): string {
  return whyRefused(new Headers(headers), { address }) ?? "a visitor";
}

test("visitors: peers on the loopback are, whatever way it is written", () => {
  for (const address of ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"]) {
    assertEquals(judge(address), "a visitor");
  }
  for (const host of ["127.0.0.1", "[::1]:80", "localhost"]) assertEquals(judge("::1", { host }), "a visitor");
});

test("visitors: others are not, however local their Host is", () => {
  for (const address of ["192.0.2.1", "172.17.0.1", "10.0.0.1", "::ffff:10.0.0.1", "fe80::1", "2001:db8::127", ""]) {
    assertStringIncludes(judge(address), "on the machine of the server");
  }
  for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", ""]) {
    assertStringIncludes(judge("127.0.0.1", { host }), "Host");
  }
});

test("visitors: nobody is for whom a proxy on this machine speaks", () => {
  for (
    const name of ["forwarded", "via", "x-forwarded-proto", "x-real-ip", "x-client-ip", "true-client-ip", "cf-ray"]
  ) {
    assertStringIncludes(judge("127.0.0.1", { ...HOST, [name]: "x" }), `"${name}"`);
  }
});
