/**
 * What a configuration allows without its operator having meant it: warned of at the start, or refused.
 */
import { test } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { eventually, startServer } from "../harness.ts";
import { configOf, notesOf, problemsOf } from "./settings_given.ts";

const SECRET = "a secret of at least thirty-two bytes";
const CLOSED = { WEBSOCKET_REQUIRE_AUTH: "1" };
const CURE = "although a key is configured: set WEBSOCKET_REQUIRE_AUTH=1, " +
  'or give the rooms rules with "join":"authenticated"';

test("config: a weak secret is warned of", () => {
  assertEquals(notesOf({ env: { JWT_SECRET: SECRET, ...CLOSED } }), []);
  assertEquals(notesOf({ env: { JWT_SECRET: "short", ...CLOSED } }), [
    "JWT_SECRET is weak: 5 bytes, its algorithm asks for 32",
  ]);
});

test("config: guests who may join although there is a key are warned of, with the rooms", () => {
  const env = { JWT_SECRET: SECRET };
  const notes = (rooms: unknown[], more = {}) => notesOf({ env: { ...env, ...more }, file: { rooms } });
  const every = [`guests may join every room that no rule closes and read what is kept there, ${CURE}`];
  assertEquals(notesOf({ env }), every);
  assertEquals(notes([{ match: "team:*", join: "authenticated" }]), every);
  assertEquals(notes([{ match: "*" }]), every);
  assertEquals(notes([{ match: "lobby" }, { match: "news:*" }, { match: "*", join: "listed" }]), [
    `guests may join the rooms lobby,news:* and read what is kept there, ${CURE}`,
  ]);
  assertEquals(notes([{ match: "*", join: "authenticated" }, { match: "lobby" }]), []);
  assertEquals(notes([{ match: "lobby" }], CLOSED), []);
  assertEquals(notesOf({}), []);
});

test("config: published keys without an audience are good for other programs' tokens, which is warned of", () => {
  const env = { JWKS_URL: "https://id.example/jwks", ...CLOSED };
  const said = (cure: string) => [
    `JWKS_URL without ${cure}: tokens that the provider signed for other programs are good here too, set ${cure}`,
  ];
  assertEquals(notesOf({ env }), said("JWT_AUDIENCE and JWT_ISSUER"));
  assertEquals(notesOf({ env: { ...env, JWT_ISSUER: "https://id.example" } }), said("JWT_AUDIENCE"));
  assertEquals(notesOf({ env: { ...env, JWT_AUDIENCE: "chat" } }), []);
});

test("config: a short admin key is refused where others reach the admin API", () => {
  const env = { JWT_SECRET: SECRET, ADMIN_TOKEN: "fifteen letters" };
  const refused = (address: string) => [
    `ADMIN_TOKEN: 15 characters are too few, the admin API listens on ${address}, where others reach it: take at least 16`,
  ];
  assertEquals(problemsOf({ env }), refused("0.0.0.0"));
  assertEquals(problemsOf({ env: { ...env, HOST: "10.0.0.1" } }), refused("10.0.0.1"));
  assertEquals(problemsOf({ env: { ...env, ADMIN_PORT: "9090", ADMIN_HOST: "::" } }), refused("::"));
  assertEquals(problemsOf({ env: { ...env, HOST: "127.0.0.1", ADMIN_PORT: "9090", ADMIN_HOST: "::" } }), refused("::"));
  for (const host of ["127.0.0.1", "localhost", "::1"]) assertEquals(problemsOf({ env: { ...env, HOST: host } }), []);
  assertEquals(configOf({ env: { ...env, ADMIN_PORT: "9090" } }).adminHost, "127.0.0.1");
  assertEquals(problemsOf({ env: { ...env, ADMIN_TOKEN: "sixteen letters!" } }), []);
});

test("config: the program says at its start that guests may join", { timeout: 20_000 }, async () => {
  await using process = startServer({ env: { JWT_SECRET: SECRET, HOST: "127.0.0.1", PORT: "0" } });
  await eventually(() => process.output().includes("listening"), { withinMs: 15_000 });
  assertStringIncludes(process.output(), "WARN  guests may join every room");
});
