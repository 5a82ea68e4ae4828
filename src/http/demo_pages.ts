/**
 * What a browser finds at `/` and `/chat`: in demo mode two pages to try the server with, elsewhere where to go.
 *
 * Visitors of a demo get tokens without proving anything, so only pages of this very server, opened on the machine it runs
 * on, may ask for one, and a token has no role. Addresses in the pages are relative: they work behind any path.
 */
import * as v from "valibot";
import type { Config } from "../config.ts";
import { ParleyError } from "../errors.ts";
import { VERSION } from "../version.ts";
import type { DemoTokens, HttpParts } from "./app.ts";
import consoleContent from "./console/console.html" with { type: "text" };
import { Id, User } from "./fields.ts";
import template from "./look/page.html" with { type: "text" };
import { type Route, route } from "./route.ts";
import { forVisitors } from "./visitors.ts";

const TOKEN_TTL_MS = 60 * 60_000;

/** Scripts, styles, sockets and requests of this server, and nothing else. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

interface Page {
  path: string;
  /** Of its script and its style. */
  name: string;
  link: string;
  title: string;
  description: string;
  /** Of the bar at the top. */
  tools: string;
  content: string;
}

const CONSOLE_TOOLS = `<h1 class="motto">Two clients, two dialects, one room.</h1>
      <form class="tools room" id="room-form">
        <label for="room">Room</label>
        <input id="room" name="room" value="lobby" maxlength="255" autocomplete="off" spellcheck="false"
          enterkeyhint="go">
      </form>`;

const CONSOLE: Page = {
  path: "/",
  name: "console",
  link: "Dialects",
  title: "Parley · one room, every dialect",
  description: "Two clients in two dialects, in one room, with every frame shown",
  tools: CONSOLE_TOOLS,
  // Bun's types take any HTML file for a bundle; as text it is a string on both runtimes.
  content: consoleContent as unknown as string,
};

const CHAT: Page = {
  path: "/chat",
  name: "chat",
  link: "Chat",
  title: "Parley chat",
  description: "A small chat, built with Parley's React hooks",
  tools: "",
  content: '<div id="app"></div>',
};

export function demoRoutes({ demo, hub: { config } }: HttpParts): Route[] {
  if (!demo) return [pointerRoute(config)];
  // The chat is built on the client, and that one speaks envelope.
  const pages = config.dialects.includes("envelope") ? [CONSOLE, CHAT] : [CONSOLE];
  return [...pages.map((page) => pageRoute(page, htmlOf(page, pages, config))), tokenRoute(demo)].map(forVisitors);
}

/** The page, told where this server speaks what. */
function htmlOf(page: Page, pages: Page[], { paths, dialects }: Config): string {
  const links = pages.map(({ path, link }) => {
    return `<a href=".${path}"${path === page.path ? ' aria-current="page"' : ""}>${link}</a>`;
  });
  const server = JSON.stringify({ paths, dialects }).replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  const parts: Record<string, string> = { ...page, server, pages: links.join("") };
  return (template as unknown as string).replace(/\{\{ ?(\w+) ?\}\}/g, (_, part) => parts[part]!);
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

function pageRoute({ path, description }: Page, html: string): Route {
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": POLICY,
    "cache-control": "no-cache",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
  };
  return route({
    method: "GET",
    path,
    needs: "nothing",
    about: `Demo page: ${description}`,
    answer: "text/html",
    serve: () => new Response(html, { headers }),
  });
}

function tokenRoute(demo: DemoTokens): Route {
  return route({
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
  });
}

function isOwnPage(headers: Headers): boolean {
  const host = headers.get("host");
  const origin = headers.get("origin");
  return origin === `http://${host}` || origin === `https://${host}`;
}
