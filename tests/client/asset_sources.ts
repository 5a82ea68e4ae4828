/**
 * What the committed bundles are made from, as one digest: the client, the demo pages, and the version of React.
 *
 * Shared by the build, which writes it down, and by the test that finds out when somebody forgot to build.
 */
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url).href);
const FOLDERS = ["src/client", "src/demo/chat", "src/demo/dialects", "src/demo/look"];
const FILES = ["src/hub/guest_name.ts"];
const PACKAGES = ["react", "react-dom"];

/** `read` gets paths of this machine. */
export function digestOfSources(read: (path: string) => string): string {
  const hash = createHash("sha256");
  for (const folder of FOLDERS) {
    const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
    for (const name of names.filter((name) => /\.tsx?$/.test(name)).map((name) => name.replaceAll("\\", "/")).sort()) {
      hash.update(`${folder}/${name}\n${read(join(ROOT, folder, name))}\n`);
    }
  }
  for (const name of FILES) hash.update(`${name}\n${read(join(ROOT, name))}\n`);
  const { devDependencies } = JSON.parse(read(join(ROOT, "package.json")));
  for (const name of PACKAGES) hash.update(`${name} ${devDependencies[name]}\n`);
  return hash.digest("hex");
}
