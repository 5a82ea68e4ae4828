/**
 * Tokens for visitors of a demo, who get them without proving anything: only pages of this very server, opened on the
 * machine it runs on, may ask for one, and a token has no role.
 */
import * as v from "valibot";
import { ParleyError } from "../errors.ts";
import type { DemoTokens } from "./app.ts";
import { Id, User } from "./fields.ts";
import { type Route, route } from "./route.ts";
import { forVisitors } from "./visitors.ts";

const TOKEN_TTL_MS = 60 * 60_000;

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
