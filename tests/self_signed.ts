/**
 * Certificates of a test's own, for 127.0.0.1 and for a day. Made with openssl; absent where there is none.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "./programs.ts";

/** As PEM, or where that is. */
export interface SelfSigned {
  cert: string;
  key: string;
}

const LOCALHOST = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];

/** Another pair with every call. */
export function selfSigned(): SelfSigned | undefined {
  const folder = mkdtempSync(join(tmpdir(), "parley-"));
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  try {
    certify({ cert, key }, LOCALHOST);
    return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  } catch (error) {
    console.warn(`TLS is not tested here: ${error}`);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Signed by an authority of its own, as files in a folder: not every client trusts what signed itself. */
export function signedFiles(folder: string): SelfSigned & { authority: string } {
  const [authority, authorityKey] = [join(folder, "ca.pem"), join(folder, "ca_key.pem")];
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  certify({ cert: authority, key: authorityKey }, ["-subj", "/CN=authority"]);
  const signed = ["-CA", authority, "-CAkey", authorityKey, "-addext", "basicConstraints=CA:FALSE"];
  certify({ cert, key }, [...LOCALHOST, ...signed]);
  return { cert, key, authority };
}

/** Writes both files. */
function certify({ cert, key }: SelfSigned, more: string[]): void {
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
  execFileSync(findProgram("openssl"), ["req", "-x509", ...curve, ...more, "-keyout", key, "-out", cert], {
    stdio: "ignore",
  });
}
