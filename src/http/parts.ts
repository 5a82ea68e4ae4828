/**
 * What the routes are made from. Each of them takes what it needs; none of them knows the others.
 */
import type { ServerApi } from "../commands/server_api.ts";
import type { ProtocolRoute } from "../dialect.ts";
import type { Admission } from "../gateway/admission.ts";
import type { EndpointTable } from "../gateway/endpoint.ts";
import type { Origins } from "../gateway/origins.ts";
import type { Hub } from "../hub/hub.ts";
import type { MessageEvent } from "../message.ts";
import type { Route } from "./route.ts";

export interface HttpParts {
  hub: Hub;
  api: ServerApi;
  admission: Admission;
  origins: Origins;
  runtime: "bun" | "deno";
  chat: ChatShape;
  endpoints: EndpointTable;
  /** The HTTP APIs of the dialects. */
  protocolRoutes: readonly ProtocolRoute[];
  clientScript: Route;
  /** In demo mode: gives a visitor a token. */
  demo?: DemoTokens;
  /** In demo mode: what visitors see; without it, where to go. */
  pages?: Route[];
}

/** How a dialect writes messages. */
export interface ChatShape {
  /** Its name, as hooks are shown it. */
  dialect: string;
  /** Canonical data of a body; undefined: there is no content in it. */
  dataOf(body: Record<string, unknown>): unknown;
  show(message: MessageEvent): Record<string, unknown>;
}

export interface DemoTokens {
  issue(content: { user: string; name?: string; groups?: string[]; ttlMs: number }): Promise<string>;
}
