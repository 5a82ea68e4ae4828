/**
 * Visitors of the demo, who get their tokens without proving anything: somebody at this very machine, and nobody whom a
 * proxy or a tunnel on it speaks for.
 *
 * Only pages of this very server may ask for a token, and it has no role. That the server itself listens on the loopback
 * only is the configuration's word.
 */
import * as v from "valibot";
import type { Peer } from "../adapter.ts";
import { isLoopback } from "../hub/address.ts";
import { ParleyError } from "../errors.ts";
import type { DemoTokens } from "./parts.ts";
import { Id, User } from "./fields.ts";
import { type Route, route } from "./route.ts";

const LOCAL_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;
/** What proxies, tunnels and networks of delivery add to a request that is not theirs. */
const FORWARDING =
  /^(forwarded|via|x-forwarded(-.*)?|x-real-ip|(true|x|x-cluster)-client-ip|cf-.*|fly-.*|x-original-.*)$/;

const TOKEN_TTL_MS = 60 * 60_000;

/** A route that serves such visitors alone. */
export function forVisitors(route: Route): Route {
  return {
    ...route,
    errors: [...route.errors ?? [], "forbidden"],
    serve: (asked) => {
      const reason = whyRefused(asked.request.headers, asked.peer);
      if (reason) throw new ParleyError("forbidden", `Cannot show the demo: ${reason}`);
      return route.serve(asked);
    },
  };
}

/** Why it may be somebody else who asks; absent: it is a visitor of this machine. */
export function whyRefused(headers: Headers, { address }: Pick<Peer, "address">): string | undefined {
  if (!isLoopback(address)) return "it is for visitors on the machine of the server";
  const forwarded = [...headers.keys()].find((name) => FORWARDING.test(name));
  if (forwarded !== undefined) return `somebody has passed the request on, as its header "${forwarded}" says`;
  // A foreign name that leads to this machine would have its own pages as origin.
  if (!LOCAL_HOST.test(headers.get("host") ?? "")) return "its Host is not localhost";
}

export function demoTokenRoute(demo: DemoTokens): Route {
  return forVisitors(route({
    method: "POST",
    path: "/demo/token",
    needs: "nothing",
    about: "A token for a visitor of the demo pages, without any role; for pages of this server on its own machine",
    body: v.object({ user: User, name: v.optional(Id) }, "must be an object {user, name?}"),
    answer: v.object({ token: v.string() }),
    serve: async ({ body: { user, name }, request }) => {
      if (!isOwnPage(request.headers)) {
        throw new ParleyError("forbidden", "Cannot give a demo token: only this server's own page gets one");
      }
      return { token: await demo.issue({ user, name, ttlMs: TOKEN_TTL_MS }) };
    },
  }));
}

function isOwnPage(headers: Headers): boolean {
  const host = headers.get("host");
  const origin = headers.get("origin");
  return origin === `http://${host}` || origin === `https://${host}`;
}
