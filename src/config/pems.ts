/**
 * Keys and certificates among the settings: given as text, with `\n` for its line ends, or as the path of a file.
 *
 * What cannot be used is found here, before anything starts, and never quoted.
 */
import { createPrivateKey, createPublicKey, type JsonWebKeyInput, X509Certificate } from "node:crypto";
import { SETTINGS, type Values } from "./settings.ts";
import type { Sources } from "./sources.ts";

const CHECKS = {
  jwtPublicKey: (text: string) => createPublicKey(text.startsWith("{") ? jwk(text) : text),
  tlsCert: (text: string) => new X509Certificate(text),
  tlsKey: (text: string) => createPrivateKey(text),
};

/** Puts the text in the place of paths. */
export function readPems(given: Partial<Values>, readFile: Sources["readFile"], problems: string[]): void {
  for (const [key, check] of Object.entries(CHECKS) as [keyof typeof CHECKS, (text: string) => unknown][]) {
    const written = given[key]?.trim();
    if (written === undefined) continue;
    const isText = /^(-----BEGIN|\{)/.test(written);
    try {
      given[key] = isText ? written.replaceAll("\\n", "\n") : readFile(written).trim();
      check(given[key]);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      problems.push(`${SETTINGS[key].env}: cannot use ${isText ? "it" : `"${written}"`}: ${reason}`);
    }
  }
}

function jwk(text: string): JsonWebKeyInput {
  return { key: JSON.parse(text), format: "jwk" };
}
