/**
 * The HTTP side: which routes are served on the public port and which on the admin port.
 *
 * Called by the gateway with every request that is no upgrade. Each route file adds its own routes; errors become JSON
 * with a code at one place.
 */
import { Hono } from "hono";
import type { Peer } from "../adapter.ts";
import type { Admission } from "../admission.ts";
import { errorResponse } from "../answers.ts";
import type { Backstage } from "../backstage.ts";
import { ParleyError } from "../errors.ts";
import { toParleyError } from "../faults.ts";
import type { Hub } from "../hub.ts";
import { addStatus } from "./status.ts";

export interface HttpParts {
  hub: Hub;
  backstage: Backstage;
  admission: Admission;
  runtime: "bun" | "deno";
  /** In demo mode: gives a visitor a token. */
  demo?: DemoTokens;
}

export interface DemoTokens {
  issue(content: { user: string; name?: string; groups?: string[]; ttlMs: number }): Promise<string>;
}

/** What routes know of a request beside the request. */
export interface Env {
  Bindings: { peer: Peer };
}

export type Fetch = (request: Request, peer: Peer) => Response | Promise<Response>;

export function createApps(parts: HttpParts): { fetch: Fetch } {
  const app = new Hono<Env>();
  addStatus(app, parts);
  app.notFound((context) => errorResponse(new ParleyError("not_found", `There is nothing at ${context.req.path}`)));
  app.onError((error, context) => errorResponse(toParleyError(error, parts.hub.log, { path: context.req.path })));
  return { fetch: (request, peer) => app.fetch(request, { peer }) };
}
