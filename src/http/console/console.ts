/**
 * What a browser finds at `/`: in demo mode a page to try the server with, elsewhere where to go.
 *
 * The page is one embedded file. Visitors of a demo get tokens without proving anything, so only pages of this very
 * server, opened on the machine it runs on, may ask for one, and a token has no role.
 */
import { createHash } from "node:crypto";
import * as v from "valibot";
import type { Config } from "../../config.ts";
import { ParleyError } from "../../errors.ts";
import { VERSION } from "../../version.ts";
import type { DemoTokens, HttpParts } from "../app.ts";
import { Id, User } from "../fields.ts";
import { type Route, route } from "../route.ts";
import { forVisitors } from "../visitors.ts";
import html from "./console.html" with { type: "text" };

const TOKEN_TTL_MS = 60 * 60_000;

/** Bun's types take any HTML file for a bundle; as text it is a string on both runtimes. */
const PAGE = html as unknown as string;

export function consoleRoutes({ demo, hub }: HttpParts): Route[] {
  return demo ? [pageRoute(pageFor(hub.config)), tokenRoute(demo)].map(forVisitors) : [pointerRoute(hub.config)];
}

/** The page, told where this server speaks what. */
function pageFor({ paths, dialects }: Config): string {
  const server = JSON.stringify({ paths, dialects }).replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  return PAGE.replace('data-server="{}"', () => `data-server="${server}"`);
}

function pointerRoute({ basePath }: Config): Route {
  return route({
    method: "GET",
    path: "/",
    needs: "nothing",
    about: "What this is, and where to read on",
    answer: v.object({ name: v.string(), version: v.string(), status: v.string(), description: v.string() }),
    serve: () => ({
      name: "parley",
      version: VERSION,
      status: `${basePath}/status`,
      description: `${basePath}/openapi.json`,
    }),
  });
}

function pageRoute(page: string): Route {
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": policyOf(page),
    "cache-control": "no-cache",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
  };
  return route({
    method: "GET",
    path: "/",
    needs: "nothing",
    about: "The demo page",
    answer: "text/html",
    serve: () => new Response(page, { headers }),
  });
}

function tokenRoute(demo: DemoTokens): Route {
  return route({
    method: "POST",
    path: "/demo/token",
    needs: "nothing",
    about: "A token for a visitor of the demo page, without any role; for pages of this server on its own machine",
    body: v.object({ user: User, name: v.optional(Id) }, "must be an object {user, name?}"),
    answer: v.object({ token: v.string() }),
    serve: async ({ body: { user, name }, request }) => {
      if (!isOwnPage(request.headers)) {
        throw new ParleyError("forbidden", "Cannot give a demo token: only this server's own page gets one");
      }
      return { token: await demo.issue({ user, name, ttlMs: TOKEN_TTL_MS }) };
    },
  });
}

function isOwnPage(headers: Headers): boolean {
  const host = headers.get("host");
  const origin = headers.get("origin");
  return origin === `http://${host}` || origin === `https://${host}`;
}

/** The page's own script and style by their digests, sockets and requests to this server, and nothing else. */
export function policyOf(page: string): string {
  const digests = (tag: string) => {
    const bodies = [...page.matchAll(new RegExp(`<${tag}\\b[^>]*>([\\s\\S]*?)</${tag}>`, "g"))];
    return bodies.map(([, body]) => `'sha256-${createHash("sha256").update(body!).digest("base64")}'`).join(" ");
  };
  return [
    "default-src 'none'",
    `script-src ${digests("script")}`,
    `style-src ${digests("style")}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}
