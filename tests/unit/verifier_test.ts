/**
 * Which tokens are good: every algorithm, every refusal, published keys and their rotation.
 */
import { Buffer } from "node:buffer";
import { createHmac, generateKeyPairSync } from "node:crypto";
import { createServer, type Server } from "node:http";
import { mock, test } from "node:test";
import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { exportJWK, exportSPKI, generateKeyPair, importJWK, type JWK, type JWTPayload, SignJWT } from "jose";
import { ParleyError } from "../../src/errors.ts";
import { createJwtVerifier, type JwtOptions } from "../../src/verifiers/jwt.ts";
import { freePort } from "../harness.ts";

const SECRET = "a secret of at least sixty-four bytes, as the longest hash of the three likes";

type Key = Parameters<SignJWT["sign"]>[0];

function sign(key: Key | string, { alg = "HS256", kid, ...claims }: JWTPayload & { alg?: string; kid?: string } = {}) {
  const header = { alg, ...(kid === undefined ? {} : { kid }) };
  const bytes = typeof key === "string" ? new TextEncoder().encode(key) : key;
  return new SignJWT({ sub: "alice", ...claims }).setProtectedHeader(header).sign(bytes);
}

/** What a verifier with these options says about the token: the user, or the code and the message. */
async function verdict(options: JwtOptions, token: string): Promise<string> {
  const verifier = await createJwtVerifier(options);
  try {
    return (await verifier.verify(token)).user;
  } catch (error) {
    assert(error instanceof ParleyError, String(error));
    if (token.length > 5) assertFalse(error.message.includes(token), "the message holds the token");
    return `${error.code}: ${error.message}`;
  }
}

for (const alg of ["HS256", "HS384", "HS512"]) {
  test(`verifier: ${alg} with a secret`, async () => {
    assertEquals(await verdict({ secret: SECRET }, await sign(SECRET, { alg })), "alice");
    const forged = await sign("another secret, which is as long as the first, and longer than sixty-four bytes", {
      alg,
    });
    assertEquals(await verdict({ secret: SECRET }, forged), "unauthorized: Invalid token: its signature does not fit");
  });
}

for (
  const alg of ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
) {
  test(`verifier: ${alg} with a public key, as PEM and as JWK`, { timeout: 20_000 }, async () => {
    const [pair, other] = await pairs(alg) as [CryptoKeyPair, CryptoKeyPair];
    const token = await sign(pair.privateKey, { alg });
    const jwk = await exportJWK(pair.publicKey);
    assertEquals(await verdict({ publicKey: await exportSPKI(pair.publicKey) }, token), "alice");
    assertEquals(await verdict({ publicKey: JSON.stringify(jwk) }, token), "alice");
    assertMatch(await verdict({ publicKey: await exportSPKI(other.publicKey) }, token), /^unauthorized.*signature/);
  });
}

function keyPair(alg: string) {
  return generateKeyPair(alg, { extractable: true });
}

const rsaPairs: Promise<CryptoKeyPair>[] = [];

/** RSA keys take seconds to make, and the same one can serve every RSA algorithm: two are made. */
async function pairs(alg: string): Promise<CryptoKeyPair[]> {
  if (!/^[RP]S/.test(alg)) return await Promise.all([keyPair(alg), keyPair(alg)]);
  if (rsaPairs.length === 0) rsaPairs.push(keyPair("RS256"), keyPair("RS256"));
  return await Promise.all((await Promise.all(rsaPairs)).map(async (pair) => ({
    publicKey: await fitted(pair.publicKey, alg),
    privateKey: await fitted(pair.privateKey, alg),
  })));
}

async function fitted(key: CryptoKey, alg: string): Promise<CryptoKey> {
  const { alg: _, key_ops: __, ...jwk } = await exportJWK(key);
  return await importJWK({ ...jwk, ext: true }, alg) as CryptoKey;
}

test("verifier: alg none is refused, however it is written", async () => {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  for (const alg of ["none", "None", "NONE", ""]) {
    const token = `${base64url({ alg })}.${base64url({ sub: "alice" })}.`;
    for (const options of [{}, { secret: SECRET }, { publicKey: pem }, { secret: SECRET, publicKey: pem }]) {
      assertMatch(
        await verdict(options, token),
        /^unauthorized: Invalid token: no key is configured for its algorithm/,
      );
    }
  }
});

test("verifier: an HS token against a public key is refused, even if the key's text was the secret", async () => {
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  const head = `${base64url({ alg: "HS256" })}.${base64url({ sub: "mallory" })}`;
  for (const secret of [pem, pem.trim()]) {
    const token = `${head}.${createHmac("sha256", secret).update(head).digest("base64url")}`;
    const expected = 'unauthorized: Invalid token: no key is configured for its algorithm "HS256"';
    assertEquals(await verdict({ publicKey: pem }, token), expected);
    assertMatch(await verdict({ publicKey: pem, secret: SECRET }, token), /signature does not fit/);
  }
});

test("verifier: a secret and a public key serve side by side", async () => {
  const { publicKey, privateKey } = await keyPair("ES256");
  const both = { secret: SECRET, publicKey: await exportSPKI(publicKey) };
  assertEquals(await verdict(both, await sign(SECRET)), "alice");
  assertEquals(await verdict(both, await sign(privateKey, { alg: "ES256" })), "alice");
});

test("verifier: only the algorithms that are allowed", async () => {
  assertEquals(await verdict({ secret: SECRET, algorithms: ["HS512"] }, await sign(SECRET, { alg: "HS512" })), "alice");
  assertMatch(
    await verdict({ secret: SECRET, algorithms: ["HS512"] }, await sign(SECRET)),
    /for its algorithm "HS256"/,
  );
});

test("verifier: issuer and audience must be the configured ones", async () => {
  const options = { secret: SECRET, issuer: "https://id.example", audience: "parley" };
  const good = { iss: "https://id.example", aud: "parley" };
  assertEquals(await verdict(options, await sign(SECRET, good)), "alice");
  assertEquals(await verdict(options, await sign(SECRET, { ...good, aud: ["shop", "parley"] })), "alice");
  const another = "unauthorized: Invalid token: it is for another audience";
  assertEquals(await verdict(options, await sign(SECRET, { ...good, aud: "shop" })), another);
  assertEquals(await verdict(options, await sign(SECRET, { iss: good.iss })), another);
  const stranger = "unauthorized: Invalid token: it is from another issuer";
  assertEquals(await verdict(options, await sign(SECRET, { ...good, iss: "https://evil.example" })), stranger);
  assertEquals(await verdict({ secret: SECRET }, await sign(SECRET, { aud: "shop", iss: "anybody" })), "alice");
});

test("verifier: five seconds of leeway around exp and nbf, no more", async () => {
  const options = { secret: SECRET };
  assertEquals(await verdict(options, await sign(SECRET, { exp: nowS() + 60 })), "alice");
  assertEquals(await verdict(options, await sign(SECRET, { exp: nowS() - 1 })), "alice");
  assertEquals(
    await verdict(options, await sign(SECRET, { exp: nowS() - 30 })),
    "token_expired: Invalid token: it has expired",
  );
  assertEquals(await verdict(options, await sign(SECRET, { nbf: nowS() + 3 })), "alice");
  assertEquals(
    await verdict(options, await sign(SECRET, { nbf: nowS() + 30 })),
    "unauthorized: Invalid token: it is not valid yet",
  );
});

test("verifier: what is no token, was tampered with or asks for too much is unauthorized", async () => {
  const token = await sign(SECRET, { roles: ["user"] });
  const [head, , signature] = token.split(".");
  const tampered = `${head}.${base64url({ sub: "alice", roles: ["admin"] })}.${signature}`;
  const critical = await critSigned();
  for (
    const bad of ["", "x", "a.b", "a.b.c", "..", "💥", "x".repeat(10_000), tampered, `${token}x`, `${token}.`, critical]
  ) {
    assertMatch(await verdict({ secret: SECRET }, bad), /^unauthorized: Invalid token: /, bad.slice(0, 40));
  }
});

function critSigned(): string {
  const head = `${base64url({ alg: "HS256", crit: ["x"], x: 1 })}.${base64url({ sub: "alice" })}`;
  return `${head}.${createHmac("sha256", SECRET).update(head).digest("base64url")}`;
}

test("verifier: claims that are no object, or times that are no numbers, are unauthorized", async () => {
  for (const payload of ["[]", '"alice"', '{"sub":"alice","exp":"tomorrow"}', '{"sub":"alice","nbf":true}', "{"]) {
    const head = `${base64url({ alg: "HS256" })}.${Buffer.from(payload).toString("base64url")}`;
    const token = `${head}.${createHmac("sha256", SECRET).update(head).digest("base64url")}`;
    assertMatch(await verdict({ secret: SECRET }, token), /^unauthorized: Invalid token: /, payload);
  }
});

test("verifier: without any key every token is refused", async () => {
  assertMatch(await verdict({}, await sign(SECRET)), /^unauthorized: Invalid token: no key is configured/);
});

test("verifier: a key that signs no tokens is refused when the server starts", async () => {
  const bitcoin = '{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}';
  for (const text of ["nonsense", "{}", '{"kty":"oct","k":"AAAA"}', bitcoin]) {
    await assertRejects(() => createJwtVerifier({ publicKey: text }), ParleyError, "Cannot use the public key");
  }
});

test("verifier: a token that was good is remembered until it expires, and its identity cannot be changed", async () => {
  const verifier = await createJwtVerifier({ secret: SECRET });
  const token = await sign(SECRET, { exp: nowS() + 60, groups: ["fleet"] });
  const identity = await verifier.verify(token);
  assertStrictEquals(await verifier.verify(token), identity);
  assertThrows(() => identity.groups.push({ id: "other" }), TypeError);
  assertThrows(() => identity.user = "mallory", TypeError);
});

test("verifier: a remembered token is forgotten when it expires", async (context) => {
  const verifier = await createJwtVerifier({ secret: SECRET });
  const start = nowS();
  const token = await sign(SECRET, { exp: start + 60 });
  await verifier.verify(token);
  context.after(() => mock.timers.reset());
  mock.timers.enable({ apis: ["Date"], now: (start + 64) * 1000 });
  assertEquals((await verifier.verify(token)).user, "alice");
  mock.timers.setTime((start + 66) * 1000);
  assertEquals((await assertRejects(() => verifier.verify(token), ParleyError)).code, "token_expired");
});

// ---- published keys ----

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
  const strangers = await Promise.all(["a", "b", "c", "d", "e"].map((kid) => publishedPair(kid)));
  await Promise.all(strangers.map(({ token }) => {
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
    assertEquals((await verifier.verify(token)).user, "alice");
    const nowhere = `http://127.0.0.1:${await freePort()}/`;
    assertMatch(await verdict({ jwksUrl: nowhere }, token), /^unavailable: Cannot check the token/);
  },
);

function nowS(): number {
  return Math.floor(Date.now() / 1000);
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
