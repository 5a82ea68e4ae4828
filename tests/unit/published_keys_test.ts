/**
 * Tokens whose keys an identity provider publishes: rotation, keys without a name, and a provider in trouble.
 */
import { createServer, type Server } from "node:http";
import { test } from "node:test";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { exportJWK, exportSPKI, type JWK } from "jose";
import { ParleyError } from "../../src/errors.ts";
import type { Verifier } from "../../src/verifier.ts";
import { createJwtVerifier } from "../../src/verifiers/jwt.ts";
import { eventually, freePort } from "../harness.ts";
import { keyPair, SECRET, sign, verdict } from "./verdicts.ts";

interface Provider {
  url: string;
  keys: JWK[];
  fetched: number;
  status: number;
  [Symbol.asyncDispose](): Promise<void>;
}

/** An identity provider on the loopback. */
async function startProvider(): Promise<Provider> {
  const port = await freePort();
  const server: Server = createServer((_, response) => {
    provider.fetched++;
    response.writeHead(provider.status, { "content-type": "application/json" });
    response.end(JSON.stringify({ keys: provider.keys }));
  });
  const provider: Provider = {
    url: `http://127.0.0.1:${port}/jwks`,
    keys: [],
    fetched: 0,
    status: 200,
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return provider;
}

async function publishedPair(kid: string | undefined, alg = "ES256") {
  const { publicKey, privateKey } = await keyPair(alg);
  return { jwk: { ...await exportJWK(publicKey), kid }, token: await sign(privateKey, { alg, kid }) };
}

test("verifier: published keys are fetched once and followed when they rotate", { timeout: 20_000 }, async () => {
  await using provider = await startProvider();
  const [first, second] = [await publishedPair("2026-01"), await publishedPair("2026-02")];
  provider.keys = [first.jwk];
  const verifier = await createJwtVerifier({ jwksUrl: provider.url, jwksCooldownMs: 0 });
  assertEquals(provider.fetched, 0);
  assertEquals((await verifier.verify(first.token)).user, "alice");
  assertEquals(await verifier.verify((await publishedAgain(first)).token).catch(() => "refused"), "refused");
  provider.keys = [second.jwk];
  assertEquals((await verifier.verify(second.token)).user, "alice");
  assertEquals(provider.fetched >= 2, true);
});

/** A token that names the same key but was signed with another one. */
function publishedAgain({ jwk }: { jwk: JWK }) {
  return publishedPair(jwk.kid);
}

test("verifier: a key that is shown right after the keys were fetched is good", { timeout: 20_000 }, async () => {
  await using provider = await startProvider();
  const [first, second] = [await publishedPair("2026-01"), await publishedPair("2026-02")];
  provider.keys = [first.jwk];
  const verifier = await createJwtVerifier({ jwksUrl: provider.url });
  await verifier.verify(first.token);
  provider.keys = [first.jwk, second.jwk];
  assertEquals((await verifier.verify(second.token)).user, "alice");
});

test("verifier: tokens with unknown keys do not make it fetch again and again", { timeout: 20_000 }, async () => {
  await using provider = await startProvider();
  const known = await publishedPair("known");
  provider.keys = [known.jwk];
  const verifier = await createJwtVerifier({ jwksUrl: provider.url });
  await verifier.verify(known.token);
  const invalid = await Promise.all(["a", "b", "c", "d", "e"].map((kid) => publishedPair(kid)));
  await Promise.all(invalid.map(({ token }) => {
    return assertRejects(() => verifier.verify(token), ParleyError, "its key is not among the published ones");
  }));
  assertEquals(provider.fetched, 2, "once more for all of them");
});

test("verifier: published keys without names are tried one after the other", { timeout: 20_000 }, async () => {
  await using provider = await startProvider();
  const pairs = [await publishedPair(undefined), await publishedPair(undefined)];
  provider.keys = pairs.map((pair) => pair.jwk);
  for (const { token } of pairs) assertEquals(await verdict({ jwksUrl: provider.url }, token), "alice");
  const stranger = await publishedPair(undefined);
  assertMatch(await verdict({ jwksUrl: provider.url }, stranger.token), /^unauthorized.*signature does not fit/);
});

test("verifier: a public key and published keys serve side by side", { timeout: 20_000 }, async () => {
  await using provider = await startProvider();
  const published = await publishedPair("published");
  const own = await keyPair("ES256");
  provider.keys = [published.jwk];
  const options = { jwksUrl: provider.url, publicKey: await exportSPKI(own.publicKey) };
  assertEquals(await verdict(options, published.token), "alice");
  assertEquals(await verdict(options, await sign(own.privateKey, { alg: "ES256" })), "alice");
});

test("verifier: an HS token is refused where keys are published", { timeout: 20_000 }, async () => {
  await using provider = await startProvider();
  assertMatch(
    await verdict({ jwksUrl: provider.url }, await sign(SECRET)),
    /no key is configured for its algorithm "HS256"/,
  );
  assertEquals(provider.fetched, 0);
});

test(
  "verifier: while the published keys are out of reach a token is neither good nor bad",
  { timeout: 20_000 },
  async () => {
    await using provider = await startProvider();
    const { jwk, token } = await publishedPair("a");
    provider.keys = [jwk];
    provider.status = 500;
    const verifier = await createJwtVerifier({ jwksUrl: provider.url });
    const error = await assertRejects(() => verifier.verify(token), ParleyError);
    assertEquals(error.code, "unavailable");
    provider.status = 200;
    assertEquals((await eventually(() => verifier.verify(token))).user, "alice");
    const nowhere = `http://127.0.0.1:${await freePort()}/`;
    assertMatch(await verdict({ jwksUrl: nowhere }, token), /^unavailable: Cannot check the token/);
  },
);

test("verifier: published keys that cannot be had are asked for once a second", { timeout: 20_000 }, async () => {
  await using provider = await startProvider();
  const known = await publishedPair("known");
  const invalid = await Promise.all(Array.from({ length: 10 }, (_, n) => publishedPair(`stranger ${n}`)));
  const refuseAll = async (verifier: Verifier) => {
    for (const { token } of invalid) {
      assertEquals((await assertRejects(() => verifier.verify(token), ParleyError)).code, "unavailable");
    }
  };
  // Never had any keys, whatever the provider answers instead of them.
  for (const trouble of [{ status: 500 }, { keys: "none" as never }]) {
    Object.assign(provider, { status: 200, keys: [], fetched: 0 }, trouble);
    await refuseAll(await createJwtVerifier({ jwksUrl: provider.url, jwksCooldownMs: 60_000 }));
    assertEquals(provider.fetched, 1, JSON.stringify(trouble));
  }
  // Had them, and goes on with what it has.
  Object.assign(provider, { status: 200, keys: [known.jwk], fetched: 0 });
  const verifier = await createJwtVerifier({ jwksUrl: provider.url, jwksCooldownMs: 1_000 });
  await verifier.verify(known.token);
  provider.status = 500;
  const others = invalid.map(({ token }) => assertRejects(() => verifier.verify(token), ParleyError));
  for (const error of await Promise.all(others)) assertEquals(error.code, "unavailable");
  assertEquals(provider.fetched, 2, "once more for all of them");
  assertEquals(await verifier.verify((await publishedAgain(known)).token).catch(({ code }) => code), "unauthorized");
  assertEquals(provider.fetched, 2);
});
