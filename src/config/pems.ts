/**
 * Keys and certificates among the settings: given as text in any of its usual forms, or as the path of a file.
 *
 * What cannot be used is found here, before anything starts, and never quoted.
 */
import { createPrivateKey, createPublicKey, type JsonWebKeyInput, X509Certificate } from "node:crypto";
import { type PemLabel, type PemText, readPemText } from "./pem_text.ts";
import { SETTINGS, type Values } from "./settings.ts";
import type { Sources } from "./sources.ts";

const FORMS = "a PEM, a JWK or base64 of one";
/** Longer texts are not paths, and might be secret: they are not shown. */
const MAX_PATH_LENGTH = 1_024;

type PemKey = "jwtPublicKey" | "tlsCert" | "tlsKey";

/** Puts the text in the place of paths. */
export function readPems(given: Partial<Values>, readFile: Sources["readFile"], problems: string[]): void {
  const read = <T>(key: PemKey, label: PemLabel, parse: (text: string) => T): T | undefined => {
    const written = given[key];
    if (written === undefined) return undefined;
    let form: string | undefined;
    try {
      const found = open(written, label, readFile);
      form = found.form;
      return parse(given[key] = found.text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const seen = form === undefined ? reason : `it looks like ${form}: ${reason}`;
      problems.push(`${SETTINGS[key].env}: cannot use it: ${seen}`);
    }
  };
  read("jwtPublicKey", "PUBLIC KEY", (text) => createPublicKey(text.startsWith("{") ? jwk(text) : text));
  const certificate = read("tlsCert", "CERTIFICATE", (text) => new X509Certificate(text));
  const key = read("tlsKey", "PRIVATE KEY", (text) => createPrivateKey(text));
  if (certificate && key && !certificate.checkPrivateKey(key)) {
    problems.push("TLS_KEY: is not the key of the certificate in TLS_CERT");
  }
}

/** Throws if it is neither a text that could be a key nor the path of one. */
function open(written: string, label: PemLabel, readFile: Sources["readFile"]): PemText {
  const given = readPemText(written, label);
  if (given) return given;
  const path = written.trim();
  if (path.length > MAX_PATH_LENGTH || /[\r\n]/.test(path)) {
    throw new Error(`it is not ${FORMS}, nor the path of a file`);
  }
  const content = readFile(path);
  const found = readPemText(content, label);
  if (!found) throw new Error(`the file "${path}" does not hold ${FORMS}`);
  return { ...found, form: `${found.form} in the file "${path}"` };
}

function jwk(text: string): JsonWebKeyInput {
  return { key: JSON.parse(text), format: "jwk" };
}
