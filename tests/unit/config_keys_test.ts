/**
 * Keys among the settings: every form in which a PEM gets into a variable, audiences and leeway, and what is said of a
 * key that cannot be read.
 */
import { Buffer } from "node:buffer";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import { defaultConfig } from "../../src/config/config.ts";
import { ParleyError } from "../../src/errors.ts";
import { selfSigned } from "../self_signed.ts";
import { configOf, problemsOf } from "./settings_given.ts";
import { exportSPKI } from "jose";
import { keyPair, sign, verdict } from "./verdicts.ts";

function rsaKey(type: "public" | "private"): string {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = type === "public"
    ? publicKey.export({ type: "spki", format: "pem" })
    : privateKey.export({ type: "pkcs8", format: "pem" });
  return key.toString();
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** What shells, compose files, secret stores and hands make of a PEM or a JWK. */
const FORMS: Record<string, (pem: string) => string> = {
  "as it is": (pem) => pem,
  "without its last line end": (pem) => pem.trim(),
  "with Windows line ends": (pem) => pem.replaceAll("\n", "\r\n"),
  "in double quotes": (pem) => `"${pem}"`,
  "in single quotes": (pem) => `'${pem.trim()}'`,
  "with \\n written out": (pem) => pem.replaceAll("\n", "\\n"),
  "with \\r\\n written out": (pem) => pem.replaceAll("\n", "\\r\\n"),
  "with \\n written out twice, in quotes": (pem) => `"${pem.replaceAll("\n", "\\\\n")}"`,
  "on one line, with spaces": (pem) => pem.trim().replaceAll("\n", " "),
  "on one line, with nothing between": (pem) => pem.replaceAll("\n", ""),
  "indented": (pem) => pem.trim().split("\n").map((line) => `    ${line}`).join("\n"),
  "behind other text": (pem) => `Bag Attributes\n    friendlyName: parley\n${pem}`,
  "as base64": base64,
  "as base64 with lines, in quotes": (pem) => `"${base64(pem).replace(/.{76}/g, "$&\n")}"`,
  "as base64url": (pem) => Buffer.from(pem).toString("base64url"),
  "as base64 of it in one line": (pem) => base64(pem.replaceAll("\n", "\\n")),
  "without its first and last line": (pem) => pem.replace(/-----.*-----/g, "").trim(),
};

for (const [form, write] of Object.entries(FORMS)) {
  test(`config: a public key ${form} is read`, { timeout: 20_000 }, async () => {
    const { publicKey, privateKey } = await keyPair("ES256");
    const pem = await exportSPKI(publicKey);
    const token = await sign(privateKey, { alg: "ES256" });
    const written = write(pem);
    const fromEnvironment = configOf({ env: { JWT_PUBLIC_KEY: written } }).jwtPublicKey;
    const fromFile = configOf({ env: { JWT_PUBLIC_KEY: "key.pem" }, files: { "key.pem": written } }).jwtPublicKey;
    const ofProgram = defaultConfig({ jwtPublicKey: written }).jwtPublicKey;
    for (const read of [fromEnvironment, fromFile, ofProgram]) {
      assertEquals(await verdict({ publicKey: read }, token), "alice");
    }
  });
}

test("config: a certificate with its chain and its key are read in the same forms", () => {
  const pair = selfSigned();
  if (!pair) return;
  for (const [form, write] of Object.entries(FORMS)) {
    const { tlsCert, tlsKey } = configOf({ env: { TLS_CERT: write(pair.cert), TLS_KEY: write(pair.key) } });
    assertStringIncludes(tlsCert!, "-----BEGIN CERTIFICATE-----\n", form);
    assertStringIncludes(tlsKey!, "PRIVATE KEY-----\n", form);
    if (form === "without its first and last line") continue;
    const chain = configOf({ env: { TLS_CERT: write(pair.cert + pair.cert), TLS_KEY: pair.key } }).tlsCert;
    assertEquals(chain!.split("-----BEGIN").length - 1, 2, form);
  }
});

test("config: a JWK is read, in quotes and as base64 too", async () => {
  const { publicKey, privateKey } = await keyPair("ES256");
  const jwk = JSON.stringify(await crypto.subtle.exportKey("jwk", publicKey));
  const token = await sign(privateKey, { alg: "ES256" });
  for (const written of [jwk, `'${jwk}'`, base64(jwk)]) {
    assertEquals(
      await verdict({ publicKey: configOf({ env: { JWT_PUBLIC_KEY: written } }).jwtPublicKey }, token),
      "alice",
    );
  }
});

test("config: a key that cannot be used is described by the form it has, and never shown", () => {
  const pem = rsaKey("public");
  const inner = pem.split("\n")[2]!;
  const rows: [setting: string, written: string, said: string][] = [
    ["JWT_PUBLIC_KEY", pem.split("\n")[0]!, "it looks like a PEM without its -----END line, cut short"],
    ["JWT_PUBLIC_KEY", pem.split("\n").slice(0, 3).join("\n"), "a PEM without its -----END line"],
    ["JWT_PUBLIC_KEY", pem.replace("END PUBLIC KEY", "END RSA KEY"), "a PEM whose two ends do not fit"],
    ["JWT_PUBLIC_KEY", pem.replace(inner, inner.slice(5)), "it looks like a PEM (PUBLIC KEY): "],
    ["JWT_PUBLIC_KEY", base64(pem.replace(inner, "")), "it looks like base64 of a PEM (PUBLIC KEY): "],
    [
      "JWT_PUBLIC_KEY",
      `ssh-rsa AAAA${inner} ann@host`,
      'an OpenSSH key, which "ssh-keygen -e -m PKCS8" makes a PEM of',
    ],
    ["JWT_PUBLIC_KEY", '{"kty":"RSA"}', "it looks like a JWK: "],
    ["JWT_PUBLIC_KEY", rsaKey("private"), "holds a private key, give the public one"],
    ["JWT_PUBLIC_KEY", "gone.pem", 'there is no "gone.pem"'],
    [
      "JWT_PUBLIC_KEY",
      `${inner}!${inner}`.repeat(20),
      "it is not a PEM, a JWK or base64 of one, nor the path of a file",
    ],
    ["TLS_KEY", pem, "it looks like a PEM (PUBLIC KEY): "],
    ["TLS_CERT", "note.txt", 'the file "note.txt" does not hold a PEM, a JWK or base64 of one'],
    ["JWT_SECRET", `"${pem}"`, "holds a PEM key, which belongs into JWT_PUBLIC_KEY"],
  ];
  for (const [setting, written, said] of rows) {
    const problems = problemsOf({ env: { [setting]: written }, files: { "note.txt": "to do" } }).join("\n");
    assertStringIncludes(problems, `${setting}: `);
    assertStringIncludes(problems, said);
    assertFalse(problems.includes(inner), problems);
  }
  const error = assertThrows(() => defaultConfig({ jwtPublicKey: "key.pem" }), ParleyError);
  assertStringIncludes(error.message, "a program gives the text, not the path of a file");
});

test("config: audiences are a list, the leeway a duration", () => {
  assertEquals(configOf({ env: { JWT_AUDIENCE: "chat, admin" } }).jwtAudience, ["chat", "admin"]);
  assertEquals(configOf({ file: { jwtAudience: ["chat"] } }).jwtAudience, ["chat"]);
  assertEquals(configOf({ env: { JWT_AUDIENCE: "" } }).jwtAudience, undefined);
  assertEquals(problemsOf({ env: { JWT_AUDIENCE: "," } }).length, 1);
  assertEquals([configOf({}).jwtLeewayMs, configOf({ env: { JWT_LEEWAY: "1m" } }).jwtLeewayMs], [5_000, 60_000]);
  assertEquals(problemsOf({ env: { JWT_LEEWAY: "2h" } }).length, 1);
});
