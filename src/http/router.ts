/**
 * Serves declared routes with Hono: credential, input, answer, and what is said where nothing is.
 *
 * There is one for each port. What a route throws becomes an answer here and nowhere else.
 */
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import type { Peer } from "../adapter.ts";
import { ParleyError, toHttp, toParleyError } from "../errors.ts";
import type { Log } from "../log.ts";
import { after } from "../maybe.ts";
import type { Origins } from "../gateway/origins.ts";
import { cutText, toWellFormedJson } from "../unicode.ts";
import type { Access } from "./access.ts";
import type { AdminHosts } from "./admin_hosts.ts";
import { check, checkExclusive, jsonOf, paramsOf, queryOf } from "./input.ts";
import type { Asked, Route } from "./route.ts";

/** What routes know of a request beside the request. */
interface Env {
  Bindings: { peer: Peer };
}

export interface RouterParts {
  access: Access;
  /** Pages of other origins get to read what these allow; absent: nothing. */
  origins?: Origins;
  /** Where nobody but these is told anything without a credential. */
  hosts?: AdminHosts;
  log: Log;
  /** In front of every path; may be empty. */
  basePath: string;
  /** 0: no limit. */
  maxBodyBytes: number;
  /** The answer where there is no route; absent: there is nothing. */
  otherwise?(request: Request): Response | undefined;
}

export type Fetch = (request: Request, peer: Peer) => Response | Promise<Response>;

export function serveRoutes(routes: readonly Route[], parts: RouterParts): Fetch {
  const app = new Hono<Env>();
  const { basePath } = parts;
  if (parts.origins) app.use(crossOrigin(parts.origins));
  if (parts.maxBodyBytes > 0) app.use(bodyLimit({ maxSize: parts.maxBodyBytes, onError: () => tooLarge(parts) }));
  for (const route of routes) {
    app.on(route.method, patterns(route, basePath), (context) => serve(route, context, parts));
  }
  for (const [path, methods] of methodsByPath(routes, basePath)) {
    app.all(path, (context) => wrongMethod(context, methods));
  }
  // Addresses in pages are relative, and without the slash they would lead out of the base path.
  if (basePath) app.get(basePath, ({ redirect, req }) => redirect(`${basePath}/${new URL(req.url).search}`, 308));
  app.notFound(({ req }) => parts.otherwise?.(req.raw) ?? nothingAt(req.path));
  app.onError((error, { req }) => toHttp(toParleyError(error, parts.log, { path: req.path })));
  if (!parts.origins) return (request, peer) => app.fetch(request, { peer });
  return (request, peer) => after(app.fetch(request, { peer }), forItsOrigin);
}

async function serve(route: Route, context: Context<Env>, { access, hosts }: RouterParts): Promise<Response> {
  const request = context.req.raw;
  const { peer } = context.env;
  const { params, query, body, headers } = route;
  const caller = await access.check(request, peer, route.needs);
  if (route.needs === "nothing") await hosts?.check(request.headers, () => access.check(request, peer, "user"));
  const asked: Asked<unknown, unknown, unknown, unknown> = {
    caller,
    request,
    peer,
    params: params ? check(params, paramsOf(request.url, context.req.param()), "path") : {},
    query: query ? check(query, queryOf(request.url), "query") : {},
    headers: headers ? check(headers, Object.fromEntries(request.headers), "headers") : {},
    body: body ? check(body, await jsonOf(request), "body") : {},
  };
  if (route.exclusive) checkExclusive(route.exclusive, asked.query as Record<string, unknown>);
  const answer = await route.serve(asked);
  if (answer instanceof Response) return answer;
  const sent = { "content-type": "application/json", "cache-control": "no-store" };
  return new Response(toWellFormedJson(answer), { status: route.status ?? 200, headers: sent });
}

/** Pages of origins that are listed may send credentials, others only get to read what is open to everybody. */
function crossOrigin(origins: Origins) {
  const shared = {
    allowMethods: ["GET", "POST", "DELETE"],
    allowHeaders: ["authorization", "content-type", "idempotency-key", "x-api-key"],
    exposeHeaders: ["retry-after"],
    maxAge: 600,
  };
  const listed = cors({ ...shared, origin: (origin) => origin, credentials: true });
  const open = cors({ ...shared, origin: "*" });
  return (context: Context<Env>, next: () => Promise<void>) => {
    const origin = context.req.header("origin");
    if (origin === undefined) return next();
    const trust = origins.trustOf(origin, context.req.header("host") ?? "");
    if (trust === "refused") return next();
    return trust === "listed" ? listed(context, next) : open(context, next);
  };
}

/** To another origin, or to none, the same answer goes out with other headers: a cache must not mix them up. */
function forItsOrigin(answer: Response): Response {
  const vary = answer.headers.get("vary");
  if (!vary?.includes("Origin")) answer.headers.append("vary", "Origin");
  return answer;
}

/** `/rooms/{id}` in Hono's spelling, wherever it is served. */
function patterns({ path, isOperational }: Route, basePath: string): string[] {
  const pattern = path.replace(/\{(\w+)\}/g, ":$1");
  return isOperational && basePath ? [basePath + pattern, pattern] : [basePath + pattern];
}

function methodsByPath(routes: readonly Route[], basePath: string): Map<string, string[]> {
  const methods = new Map<string, string[]>();
  for (const route of routes) {
    for (const path of patterns(route, basePath)) {
      const known = methods.get(path) ?? [];
      methods.set(path, [...known, route.method, ...(route.method === "GET" ? ["HEAD"] : [])]);
    }
  }
  return methods;
}

function wrongMethod({ req }: Context<Env>, methods: readonly string[]): Response {
  const allow = methods.join(", ");
  const error = new ParleyError("unsupported_type", `Cannot ${req.method} "${req.path}": it takes ${allow}`);
  return toHttp(error, { status: 405, headers: { allow } });
}

function nothingAt(path: string): Response {
  return toHttp(new ParleyError("not_found", `Cannot find "${cutText(path, 200)}": there is nothing`));
}

function tooLarge({ maxBodyBytes }: RouterParts): Response {
  return toHttp(new ParleyError("too_large", `Cannot read the body: it is over ${maxBodyBytes} bytes`));
}
