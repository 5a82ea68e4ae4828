/**
 * The two pages to try a server with in demo mode, `/` and `/chat`, with their scripts and styles.
 *
 * The executable hands them to its server; a program that embeds one has pages of its own, and these are not loaded.
 * Addresses in the pages are relative: they work behind any path.
 */
import type { Config } from "../config/config.ts";
import { CLIENT_DIALECT, spokenIn } from "../dialects/all.ts";
import dialectsStyle from "./dialects/dialects.css" with { type: "text" };
import dialectsContent from "./dialects/dialects.html" with { type: "text" };
import chatStyle from "./chat/chat.css" with { type: "text" };
import look from "./look.css" with { type: "text" };
import template from "./page.html" with { type: "text" };
import { type Route, route } from "../http/route.ts";
import { bundled, SCRIPT, STYLE, textRoute } from "../http/text_route.ts";
import { forVisitors } from "../http/visitors.ts";
import type { ServerFacts } from "./shared/server.ts";

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

interface DemoPage {
  path: string;
  /** Of its script and its style. */
  name: string;
  link: string;
  title: string;
  description: string;
  /** In the bar at the top. */
  tools: string;
  content: string;
  style: unknown;
  script(): Promise<{ default: unknown }>;
}

const DIALECTS_TOOLS = `<h1 class="motto">Two clients, two dialects, one room.</h1>
      <form class="tools room" id="room-form">
        <label for="room">Room</label>
        <input id="room" name="room" value="lobby" maxlength="255" autocomplete="off" spellcheck="false"
          enterkeyhint="go">
      </form>`;

const DIALECTS: DemoPage = {
  path: "/",
  name: "dialects",
  link: "Dialects",
  title: "Parley · one room, every dialect",
  description: "Two clients in two dialects, in one room, with every frame shown",
  tools: DIALECTS_TOOLS,
  // Bun's types take any HTML file for a bundle; as text it is a string on both runtimes.
  content: dialectsContent as unknown as string,
  style: dialectsStyle,
  script: () => import("./assets/dialects.js", { with: { type: "text" } }),
};

const CHAT: DemoPage = {
  path: "/chat",
  name: "chat",
  link: "Chat",
  title: "Parley chat",
  description: "A small chat, built with Parley's React hooks",
  tools: "",
  content: '<div id="app"></div>',
  style: chatStyle,
  script: () => import("./assets/chat.js", { with: { type: "text" } }),
};

/** Rejects if their scripts are not built. */
export async function demoPages(config: Config): Promise<Route[]> {
  // The chat is built on the client.
  const facts: ServerFacts = { paths: config.paths, dialects: spokenIn(config) };
  const pages = facts.dialects.includes(CLIENT_DIALECT) ? [DIALECTS, CHAT] : [DIALECTS];
  const routes = await Promise.all(pages.map((page) => routesOf(page, htmlOf(page, pages, facts))));
  return [...routes.flat(), textRoute("/look.css", "The look of the demo pages", look, STYLE)].map(forVisitors);
}

/** The page, told where this server speaks what. */
function htmlOf(page: DemoPage, pages: DemoPage[], facts: ServerFacts): string {
  const links = pages.map(({ path, link }) => {
    return `<a href=".${path}"${path === page.path ? ' aria-current="page"' : ""}>${link}</a>`;
  });
  const { name, title, description, tools, content } = page;
  const server = JSON.stringify(facts).replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  const parts: Record<string, string> = { name, title, description, tools, content, server, pages: links.join("") };
  return (template as unknown as string).replace(/\{\{ ?(\w+) ?\}\}/g, (_, part) => parts[part]!);
}

async function routesOf(page: DemoPage, html: string): Promise<Route[]> {
  const { path, name, style, script } = page;
  return [
    pageRoute(page, html),
    textRoute(`/${name}.js`, `The script of the demo page ${path}`, await bundled(script()), SCRIPT),
    textRoute(`/${name}.css`, `The style of the demo page ${path}`, style, STYLE),
  ];
}

function pageRoute({ path, description }: DemoPage, html: string): Route {
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
