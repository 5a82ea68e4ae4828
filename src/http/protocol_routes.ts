/**
 * Serves the HTTP APIs that dialects declare. They are apart from the routes of Parley's own: each has its own credential,
 * which may sign the raw body, its own limits, and its own word about pages of other origins.
 */
import type { Peer } from "../adapter.ts";
import type { ProtocolCall, ProtocolRoute } from "../dialect.ts";
import { toHttp, toParleyError } from "../errors.ts";
import { PathPattern } from "../gateway/path_pattern.ts";
import type { Log } from "../log.ts";
import type { Fetch } from "./router.ts";

export interface ProtocolParts {
  otherwise: Fetch;
  log: Log;
  addressOf(headers: Headers, peer: Peer): string;
}

/** What is not theirs, the method included, goes to `otherwise`. */
export function serveProtocols(routes: readonly ProtocolRoute[], { otherwise, log, addressOf }: ProtocolParts): Fetch {
  if (routes.length === 0) return otherwise;
  const patterns = routes.map((route) => ({ route, pattern: new PathPattern(route.path) }));
  return (request, peer) => {
    const url = new URL(request.url);
    for (const { route, pattern } of patterns) {
      const params = route.method === request.method ? pattern.match(url.pathname) : undefined;
      if (params) return serve(route, { request, url, params, address: addressOf(request.headers, peer) }, log);
    }
    return otherwise(request, peer);
  };
}

async function serve(route: ProtocolRoute, call: ProtocolCall, log: Log): Promise<Response> {
  try {
    return await route.serve(call);
  } catch (error) {
    return toHttp(toParleyError(error, log, { path: call.url.pathname }));
  }
}
