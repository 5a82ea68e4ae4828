/**
 * Keys and certificates among the settings: given as text in any of the forms in which they get into a variable, or as the
 * path of a file, and brought into one form: PEM with its lines, or a JWK.
 *
 * Shells, compose files and secret stores put quotes around a PEM, write its line ends out, join its lines, indent them,
 * or want base64 of the whole. What a text means is found by its look. What cannot be used is found here, before anything
 * starts, and never quoted.
 */
import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, type JsonWebKeyInput, X509Certificate } from "node:crypto";
import { reasonOf } from "../errors.ts";
import { SETTINGS, type Values } from "./settings.ts";
import type { Sources } from "./sources.ts";

const FORMS = "a PEM, a JWK or base64 of one";
/** Longer texts are not paths, and might be secret: they are not shown. */
const MAX_PATH_LENGTH = 1_024;

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g;
const LINE_LENGTH = 64;

/** What a PEM is called on its first line. */
type PemLabel = "PUBLIC KEY" | "PRIVATE KEY" | "CERTIFICATE";

interface PemText {
  text: string;
  /** What was seen, completes "it looks like …". */
  form: string;
}

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
      const reason = reasonOf(error);
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

/** Undefined: it looks like neither a key nor a certificate, so it may be the path of a file. */
function readPemText(written: string, label: PemLabel): PemText | undefined {
  const text = unquoted(written.trim());
  return readPlain(text) ?? readBase64(text, label);
}

function readPlain(text: string): PemText | undefined {
  if (text.startsWith("{")) return { text, form: "a JWK" };
  if (/^(ssh|ecdsa)-\S+ AAAA/.test(text)) {
    return { text, form: 'an OpenSSH key, which "ssh-keygen -e -m PKCS8" makes a PEM of' };
  }
  if (!text.includes("-----BEGIN")) return undefined;
  const blocks = [...text.replace(/\\+[rn]/g, "\n").matchAll(BLOCK)];
  if (blocks.length > 0) {
    const labels = blocks.map(([, label]) => label).join(", ");
    return { text: blocks.map(([, label, body]) => block(label!, body!)).join("\n"), form: `a PEM (${labels})` };
  }
  const lacks = text.includes("-----END") ? "whose two ends do not fit" : "without its -----END line, cut short";
  return { text, form: `a PEM ${lacks}` };
}

/** Base64 of any of the forms, or what stands between the two ends of a PEM. */
function readBase64(text: string, label: PemLabel): PemText | undefined {
  const packed = text.replace(/\\+[rn]|\s/g, "").replaceAll("-", "+").replaceAll("_", "/");
  if (!/^[A-Za-z0-9+/]{16,}={0,2}$/.test(packed)) return undefined;
  const bytes = Buffer.from(packed, "base64");
  const inner = readPlain(bytes.toString("utf8").trim());
  if (inner) return { text: inner.text, form: `base64 of ${inner.form}` };
  return isDer(bytes) ? { text: block(label, packed), form: "the base64 part of a PEM" } : undefined;
}

/** A block with its lines; headers of an encrypted key stay as they are, so that whoever reads it can say so. */
function block(label: string, body: string): string {
  const packed = body.replace(/\s/g, "");
  const isPlain = /^[A-Za-z0-9+/]*={0,2}$/.test(packed);
  const lines = isPlain ? packed.match(new RegExp(`.{1,${LINE_LENGTH}}`, "g")) ?? [] : [body.trim()];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/** A DER sequence that is as long as it says. */
function isDer(bytes: Uint8Array): boolean {
  const [tag, first = 0] = bytes;
  if (tag !== 0x30) return false;
  if (first < 0x80) return bytes.length === 2 + first;
  const size = first & 0x7f;
  let length = 0;
  for (const byte of bytes.subarray(2, 2 + size)) length = length * 256 + byte;
  return size <= 4 && bytes.length === 2 + size + length;
}

/** Once for the quotes that a compose file keeps, once for those of a shell within. */
function unquoted(text: string): string {
  const inner = /^(["'`])([\s\S]*)\1$/.exec(text)?.[2]?.trim();
  return inner === undefined ? text : unquoted(inner);
}
