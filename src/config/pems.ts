/**
 * Keys and certificates among the settings: given as text, with `\n` for its line ends, or as the path of a file.
 *
 * What cannot be used is found here, before anything starts, and never quoted.
 */
import { createPrivateKey, createPublicKey, type JsonWebKeyInput, X509Certificate } from "node:crypto";
import { SETTINGS, type Values } from "./settings.ts";
import type { Sources } from "./sources.ts";

/** Puts the text in the place of paths. */
export function readPems(given: Partial<Values>, readFile: Sources["readFile"], problems: string[]): void {
  const read = <T>(key: "jwtPublicKey" | "tlsCert" | "tlsKey", parse: (text: string) => T): T | undefined => {
    const written = given[key]?.trim();
    if (written === undefined) return undefined;
    const isText = /^(-----BEGIN|\{)/.test(written);
    try {
      return parse(given[key] = isText ? written.replaceAll("\\n", "\n") : readFile(written).trim());
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      problems.push(`${SETTINGS[key].env}: cannot use ${isText ? "it" : `"${written}"`}: ${reason}`);
    }
  };
  read("jwtPublicKey", (text) => createPublicKey(text.startsWith("{") ? jwk(text) : text));
  const certificate = read("tlsCert", (text) => new X509Certificate(text));
  const key = read("tlsKey", (text) => createPrivateKey(text));
  if (certificate && key && !certificate.checkPrivateKey(key)) {
    problems.push("TLS_KEY: is not the key of the certificate in TLS_CERT");
  }
}

function jwk(text: string): JsonWebKeyInput {
  return { key: JSON.parse(text), format: "jwk" };
}
