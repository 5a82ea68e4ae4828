/**
 * Routes that answer with a text which is part of the program, so that nothing is read from a disk; and the one of them
 * that every server has, the script of the client.
 */
import { ParleyError } from "../errors.ts";
import { type Route, route } from "./route.ts";

export const SCRIPT = { "content-type": "text/javascript; charset=utf-8" };
export const STYLE = { "content-type": "text/css; charset=utf-8" };

/**
 * A script that is built from src/, so that a clone of the repository does not have it: imported by a server that starts,
 * and by no other command. Rejects with what to run.
 */
export async function bundled(script: Promise<{ default: unknown }>): Promise<string> {
  try {
    return String((await script).default);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error;
    const remedy = "run `bun run bundle` or `deno task bundle`, as `bun start` and `deno task start` do";
    throw new ParleyError("unavailable", `Cannot serve browsers: their scripts are not built; ${remedy}`);
  }
}

/** `text` is typed differently by each runtime; imported with `type: "text"` it is a string on both. */
export function textRoute(
  path: string,
  about: string,
  text: unknown,
  headers: { "content-type": string } & Record<string, string>,
): Route {
  const all = { "cache-control": "no-cache", "x-content-type-options": "nosniff", ...headers };
  return route({
    method: "GET",
    path,
    needs: "nothing",
    about,
    answer: headers["content-type"].split(";")[0],
    serve: () => new Response(String(text), { headers: all }),
  });
}

/** `/client.js`: the client as one file, for pages without a bundler. Rejects if it is not built. */
export async function clientScriptRoute(): Promise<Route> {
  const script = await bundled(import("./assets/client.js", { with: { type: "text" } }));
  return textRoute("/client.js", "The client of browsers, a module without imports", script, {
    ...SCRIPT,
    // A page of any origin may import it, as it may connect.
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
  });
}
