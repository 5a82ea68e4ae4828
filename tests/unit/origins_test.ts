/** Which pages may connect, and which of them bring their visitor's cookies. */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Origins } from "../../src/gateway/origins.ts";

test("`*` admits every page, and the cookies of none but its own and those listed", () => {
  const origins = new Origins(["*", "https://app.example.com"]);
  const rows: [string | null, string, boolean][] = [
    [null, "chat.test", true],
    ["https://app.example.com", "chat.test", true],
    ["https://chat.test", "chat.test", true],
    ["https://CHAT.test", "Chat.Test", true],
    ["http://chat.test:8080", "chat.test:8080", true],
    ["https://evil.test", "chat.test", false],
    ["https://chat.test.evil.test", "chat.test", false],
    ["https://chat.test", "chat.test:443", true],
    ["http://chat.test", "chat.test:80", true],
    ["https://chat.test:443", "chat.test", true],
    ["https://[::1]", "[::1]:443", true],
    ["https://chat.test", "chat.test:80", false],
    ["http://chat.test", "chat.test:443", false],
    ["https://chat.test:8443", "chat.test:443", false],
    ["https://chat.test:4430", "chat.test", false],
    ["https://chat.test", "user@chat.test", false],
    ["https://user@chat.test", "user@chat.test", false],
    ["https://chat.test/", "chat.test/", false],
    ["null", "null", false],
    ["not a url", "chat.test", false],
  ];
  for (const [origin, host, trusted] of rows) {
    assertEquals([origin, origins.admits(origin), origins.trustsCookies(origin, host)], [origin, true, trusted]);
  }
  assertEquals(origins.trustOf("https://evil.test", "chat.test"), "open");
});

test("the port that a scheme has anyway may be written or not", () => {
  const origins = new Origins(["https://one.test:443", "http://two.test", "http://*.three.test:80"]);
  for (const origin of ["https://one.test", "https://one.test:443", "http://two.test:80", "http://a.three.test"]) {
    assertEquals([origin, origins.trustOf(origin, "chat.test")], [origin, "listed"]);
  }
  for (const origin of ["http://one.test", "https://one.test:80", "https://two.test", "http://two.test:443"]) {
    assertEquals([origin, origins.trustOf(origin, "chat.test")], [origin, "refused"]);
  }
});

test("a pattern stands for labels of the host and for nothing else", () => {
  const origins = new Origins(["https://*.example.com", "https://one.test:8443"]);
  const rows: [string, boolean][] = [
    ["https://a.example.com", true],
    ["https://A.b.Example.com", true],
    ["https://example.com", false],
    ["https://.example.com", false],
    ["http://a.example.com", false],
    ["https://a.example.com:444", false],
    ["https://evil.test/.example.com", false],
    ["https://evil.test#.example.com", false],
    ["https://user@a.example.com", false],
    ["https://a.example.com.evil.test", false],
    ["https://one.test:8443", true],
    ["https://one.test", false],
  ];
  for (const [origin, admitted] of rows) assertEquals([origin, origins.admits(origin)], [origin, admitted]);
  assertEquals(origins.admits(null), true);
  assertEquals(origins.trustOf("https://evil.test", "chat.test"), "refused");
  assertEquals(origins.trustOf("https://a.example.com", "chat.test"), "listed");
});
