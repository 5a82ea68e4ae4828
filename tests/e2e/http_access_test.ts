/**
 * Wrong credentials at the HTTP side: what each is told, and that nobody else is kept waiting by them.
 */
import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { ADMIN_KEY, type Answer, assertError, call, callAsAdmin, openHttpServer } from "./http_calls.ts";
import type { TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };
const ROOMS = "GET /websocket/rooms";

async function timed(asked: () => Promise<Answer>): Promise<Answer & { ms: number }> {
  const startedAt = performance.now();
  const answer = await asked();
  return { ...answer, ms: performance.now() - startedAt };
}

test("each wrong credential is told what is wrong with it", SLOW, async () => {
  await using server = await openHttpServer();
  const said = async (credential: Parameters<typeof call>[2], on: TestServer = server) => {
    const answer = await call(on, ROOMS, credential);
    assertError(answer, [401, "unauthorized"]);
    return String(answer.body.error);
  };
  const neither = "the credential is neither the admin key nor a JSON Web Token";
  const guesses = [ADMIN_KEY.slice(1), `${ADMIN_KEY} `.repeat(2).trim(), "a.b.c", "nonsense"];
  const wrongKeys = guesses.flatMap((guess) => [{ bearer: guess }, { headers: { "x-api-key": guess } }]);
  for (const answer of await Promise.all(wrongKeys.map((key) => said(key)))) assertStringIncludes(answer, neither);
  assertStringIncludes(
    await said({ bearer: `${await server.token("ann")}x` }),
    "Invalid token: its signature does not fit",
  );
  await using keyless = await openHttpServer({ adminToken: undefined });
  assertStringIncludes(await said({ bearer: ADMIN_KEY }, keyless), "no admin key is set (ADMIN_TOKEN)");
});

test("a wrong key is answered after a second, and beyond twenty in one at once", SLOW, async () => {
  await using server = await openHttpServer();
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, n) => timed(() => call(server, ROOMS, { bearer: `guess ${n}` }))),
  );
  const late = answers.filter(({ status }) => status === 401);
  const refused = answers.filter(({ status }) => status === 429);
  assertEquals(late.length + refused.length, 200);
  // While the requests arrive some more tokens come in.
  assert(late.length >= 20 && refused.length >= 1, `${late.length} were answered late`);
  for (const { ms } of late) assertGreater(ms, 990);
  for (const answer of refused) assertError(answer, [429, "rate_limited"]);
});

test("somebody's wrong credentials keep nobody else from being served", SLOW, async () => {
  await using server = await openHttpServer();
  const bearer = await server.token("ann");
  const guesses = Array.from({ length: 200 }, (_, n) => call(server, ROOMS, { bearer: `guess ${n}` }));
  const forged = Array.from({ length: 60 }, (_, n) => call(server, ROOMS, { bearer: `${bearer}${n}` }));
  // Bad tokens are not counted at all.
  for (const answer of await Promise.all(forged)) assertError(answer, [401, "unauthorized"]);
  assertEquals((await callAsAdmin(server, ROOMS)).status, 200);
  assertEquals((await call(server, ROOMS, { headers: { "x-api-key": ADMIN_KEY } })).status, 200);
  assertEquals((await call(server, "GET /websocket/users/ann/notifications", { bearer })).status, 200);
  const statuses = new Set((await Promise.all(guesses)).map(({ status }) => status));
  assert(statuses.has(429), "the guesses met their limit");
});

test("a program's own token is no wrong key", SLOW, async () => {
  const onToken = (token: string) => token === "session 1" ? { sub: "ann" } : undefined;
  await using server = await openHttpServer({ hooks: { onToken } });
  const path = "GET /websocket/users/ann/notifications";
  assertEquals((await call(server, path, { bearer: "session 1" })).status, 200);
  assertError(await call(server, path, { bearer: "session 2" }), [401, "unauthorized"]);
});

test("a wrong key is one beside a token, too: no token makes guessing faster", SLOW, async () => {
  await using server = await openHttpServer();
  const good = await server.token("ann");
  const path = "GET /websocket/users/ann/notifications";
  const guess = (bearer: string, n: number) => call(server, path, { bearer, headers: { "x-api-key": `guess ${n}` } });
  const guesses = Array.from({ length: 60 }, (_, n) => guess(n % 2 === 0 ? good : `${good}x`, n));
  const answers = await Promise.all(guesses);
  assertEquals(new Set(answers.map(({ status }) => status)), new Set([401, 429]));
  assertEquals((await call(server, path, { bearer: good })).status, 200);
  assertEquals((await call(server, path, { bearer: good, headers: { "x-api-key": ADMIN_KEY } })).status, 200);
});

test("where there is no admin key to guess, X-API-Key is somebody else's business", SLOW, async () => {
  await using server = await openHttpServer({ adminToken: undefined });
  const bearer = await server.token("ann");
  const headers = { "x-api-key": "of a gateway in front" };
  assertEquals((await call(server, "GET /websocket/users/ann/notifications", { bearer, headers })).status, 200);
});
