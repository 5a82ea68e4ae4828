/**
 * `/client.js`: the client as one file, for pages without a bundler. Made by `bun run build:client`.
 */
import clientScript from "./assets/client.js" with { type: "text" };
import type { Route } from "./route.ts";
import { SCRIPT, textRoute } from "./text_route.ts";

export function clientScriptRoute(): Route {
  return textRoute("/client.js", "The client of browsers, a module without imports", clientScript, {
    ...SCRIPT,
    // A page of any origin may import it, as it may connect.
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
  });
}
