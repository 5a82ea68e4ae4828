/**
 * What browsers load from here: the client as one file, and in demo mode what the two demo pages are made of.
 *
 * The scripts in assets/ are made by `bun run build:client` and embedded, so nothing is read from a disk.
 */
import type { HttpParts } from "./app.ts";
import chatScript from "./assets/chat.js" with { type: "text" };
import clientScript from "./assets/client.js" with { type: "text" };
import consoleScript from "./assets/console.js" with { type: "text" };
import consoleStyle from "./console/console.css" with { type: "text" };
import chatStyle from "./demo/chat.css" with { type: "text" };
import look from "./look/look.css" with { type: "text" };
import { type Route, route } from "./route.ts";
import { forVisitors } from "./visitors.ts";

const SCRIPT = { "content-type": "text/javascript; charset=utf-8" };
const STYLE = { "content-type": "text/css; charset=utf-8" };

export function assetRoutes({ demo }: HttpParts): Route[] {
  const client = file("/client.js", "The client of browsers, a module without imports", clientScript, {
    ...SCRIPT,
    // A page of any origin may import it, as it may connect.
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
  });
  if (!demo) return [client];
  const pages = [
    file("/look.css", "The look of the demo pages", look, STYLE),
    file("/console.js", "The script of the demo page /", consoleScript, SCRIPT),
    file("/console.css", "Its style", consoleStyle, STYLE),
    file("/chat.js", "The script of the demo page /chat", chatScript, SCRIPT),
    file("/chat.css", "Its style", chatStyle, STYLE),
  ];
  return [client, ...pages.map(forVisitors)];
}

/** `text` is typed differently by each runtime; with `type: "text"` it is a string on both. */
function file(path: string, about: string, text: unknown, headers: Record<string, string>): Route {
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
