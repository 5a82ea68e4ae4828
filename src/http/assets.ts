/**
 * What browsers load from here: the client as one file, and in demo mode the example chat that is built with it.
 *
 * The scripts in assets/ are made by `bun run build:client` and embedded, so nothing is read from a disk.
 */
import type { HttpParts } from "./app.ts";
import chatScript from "./assets/chat.js" with { type: "text" };
import clientScript from "./assets/client.js" with { type: "text" };
import chatStyle from "./demo/chat.css" with { type: "text" };
import chatPage from "./demo/chat.html" with { type: "text" };
import { type Route, route } from "./route.ts";
import { forVisitors } from "./visitors.ts";

/** Only what this server serves; sockets and requests to it alone. */
const CHAT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export function assetRoutes({ demo }: HttpParts): Route[] {
  const client = file("/client.js", "The client of browsers, a module without imports", clientScript, {
    "content-type": "text/javascript; charset=utf-8",
    // A page of any origin may import it, as it may connect.
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
  });
  if (!demo) return [client];
  const chat = [
    file("/chat", "The example chat", chatPage, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": CHAT_POLICY,
      "referrer-policy": "no-referrer",
      "x-frame-options": "DENY",
    }),
    file("/chat.js", "Its script", chatScript, { "content-type": "text/javascript; charset=utf-8" }),
    file("/chat.css", "Its style", chatStyle, { "content-type": "text/css; charset=utf-8" }),
  ];
  return [client, ...chat.map(forVisitors)];
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
