/**
 * `/client.js`: the client as one file, for pages without a bundler.
 */
import type { Route } from "./route.ts";
import { bundled, SCRIPT, textRoute } from "./text_route.ts";

/** Rejects if it is not built. */
export async function clientScriptRoute(): Promise<Route> {
  const script = await bundled(import("./assets/client.js", { with: { type: "text" } }));
  return textRoute("/client.js", "The client of browsers, a module without imports", script, {
    ...SCRIPT,
    // A page of any origin may import it, as it may connect.
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
  });
}
