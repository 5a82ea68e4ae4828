/**
 * Who may use the demo, whose tokens are given without asking: somebody at this very machine, and nobody whom a proxy or
 * a tunnel on it speaks for.
 *
 * Called by the routes of the demo. That the server itself listens on the loopback only is the configuration's word.
 */
import type { Peer } from "../adapter.ts";
import { isLoopback } from "../hub/address.ts";
import { ParleyError } from "../errors.ts";
import type { Route } from "./route.ts";

const LOCAL_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;
/** What proxies, tunnels and networks of delivery add to a request that is not theirs. */
const FORWARDING =
  /^(forwarded|via|x-forwarded(-.*)?|x-real-ip|(true|x|x-cluster)-client-ip|cf-.*|fly-.*|x-original-.*)$/;

/** A route that serves such visitors alone. */
export function forVisitors(route: Route): Route {
  return {
    ...route,
    errors: [...route.errors ?? [], "forbidden"],
    serve: (asked) => {
      const reason = strangeness(asked.request.headers, asked.peer);
      if (reason) throw new ParleyError("forbidden", `Cannot show the demo: ${reason}`);
      return route.serve(asked);
    },
  };
}

/** Why somebody else may be asking; absent: nobody else is. */
export function strangeness(headers: Headers, { address }: Pick<Peer, "address">): string | undefined {
  if (!isLoopback(address)) return "it is for visitors on the machine of the server";
  const forwarded = [...headers.keys()].find((name) => FORWARDING.test(name));
  if (forwarded !== undefined) return `somebody has passed the request on, as its header "${forwarded}" says`;
  // A foreign name that leads to this machine would have its own pages as origin.
  if (!LOCAL_HOST.test(headers.get("host") ?? "")) return "its Host is not localhost";
}
