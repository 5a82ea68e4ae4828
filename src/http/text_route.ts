/**
 * A route that answers with a text which is part of the program, so that nothing is read from a disk.
 */
import { type Route, route } from "./route.ts";

export const SCRIPT = { "content-type": "text/javascript; charset=utf-8" };
export const STYLE = { "content-type": "text/css; charset=utf-8" };

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
