/**
 * Which tokens are good: every algorithm, every refusal. Published keys have a file of their own.
 */
import { Buffer } from "node:buffer";
import { createHmac, generateKeyPairSync } from "node:crypto";
import { mock, test } from "node:test";
import { assertEquals, assertMatch, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { exportJWK, exportSPKI, importJWK } from "jose";
import { ParleyError } from "../../src/errors.ts";
import { createJwtVerifier } from "../../src/verifiers/jwt.ts";
import { keyPair, SECRET, sign, verdict } from "./verdicts.ts";

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
  const options = { secret: SECRET, issuer: "https://id.example", audience: ["parley"] };
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

test("verifier: of several audiences a token has to be for one", async () => {
  const options = { secret: SECRET, audience: ["chat", "admin"] };
  for (const aud of ["chat", "admin", ["shop", "admin"]]) {
    assertEquals(await verdict(options, await sign(SECRET, { aud })), "alice");
  }
  for (const aud of ["shop", "chat,admin", []]) {
    const another = "unauthorized: Invalid token: it is for another audience";
    assertEquals(await verdict(options, await sign(SECRET, { aud })), another);
  }
});

test("verifier: the leeway can be set, and counts for how long a token is good too", async () => {
  const wide = { secret: SECRET, leewayMs: 60_000 };
  const late = await sign(SECRET, { exp: nowS() - 30 });
  assertEquals(await verdict(wide, late), "alice");
  assertEquals(await verdict(wide, await sign(SECRET, { nbf: nowS() + 30 })), "alice");
  assertMatch(
    await verdict({ secret: SECRET, leewayMs: 0 }, await sign(SECRET, { exp: nowS() - 1 })),
    /^token_expired/,
  );
  const exp = nowS() + 100;
  const { expiresAtMs } = await (await createJwtVerifier(wide)).verify(await sign(SECRET, { exp }));
  assertEquals(expiresAtMs, (exp + 60) * 1000);
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

function nowS(): number {
  return Math.floor(Date.now() / 1000);
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
