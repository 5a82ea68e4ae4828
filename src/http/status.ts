/**
 * Status and probes: what load balancers and people ask first.
 *
 * `/livez`: the process answers. `/readyz`: it takes new connections. `/status`: the same with figures. `/`, where a server
 * has no pages: what this is, and where to read on.
 */
import * as v from "valibot";
import type { Config } from "../config/config.ts";
import { ParleyError, toHttp } from "../errors.ts";
import type { Family } from "../hub/metrics.ts";
import { VERSION } from "../config/version.ts";
import type { HttpParts } from "./parts.ts";
import { Count, Time } from "./fields.ts";
import { addUp } from "./metrics.ts";
import { type Route, route } from "./route.ts";

const Status = v.object({
  module: v.literal("websocket"),
  status: v.picklist(["healthy", "unhealthy"]),
  stats: v.object({
    total_connections: Count,
    active_connections: Count,
    total_rooms: Count,
    messages_processed: Count,
    messages_broadcast: Count,
    last_connection_time: v.nullable(Time),
  }),
  message: v.string(),
  node: v.string(),
  uptime: v.number(),
  version: v.string(),
  runtime: v.picklist(["bun", "deno"]),
  broker: v.string(),
});

export function statusRoutes(parts: HttpParts): Route[] {
  const status = (path: string) =>
    route({
      method: "GET",
      path,
      needs: "nothing",
      about: "Health with figures; 503 while the server drains or its broker is away",
      answer: Status,
      alsoStatus: [503],
      serve: () => statusOf(parts, startedAtMs),
    });
  const startedAtMs = performance.now();
  return [
    status("/status"),
    status("/websocket/status"),
    route({
      method: "GET",
      path: "/livez",
      isOperational: true,
      needs: "nothing",
      about: "The process answers",
      answer: "text/plain",
      serve: () => new Response("ok"),
    }),
    route({
      method: "GET",
      path: "/readyz",
      isOperational: true,
      needs: "nothing",
      about: "New connections are taken; 503 while the server drains or its broker is away",
      answer: "text/plain",
      errors: ["unavailable"],
      serve: () => ready(parts),
    }),
  ];
}

async function readiness({ admission, hub }: HttpParts): Promise<{ ok: boolean; detail: string }> {
  if (admission.draining) return { ok: false, detail: "The server is going away" };
  // Anybody may ask: what the broker says of itself may name hosts inside, and is in the log.
  const { ok } = await hub.broker.health();
  return { ok, detail: ok ? "All is well" : "The broker is away, the log says why" };
}

async function ready(parts: HttpParts): Promise<Response> {
  const { ok, detail } = await readiness(parts);
  return ok ? new Response("ok") : toHttp(new ParleyError("unavailable", detail));
}

async function statusOf(parts: HttpParts, startedAtMs: number): Promise<Response> {
  const { hub, runtime } = parts;
  const { ok, detail } = await readiness(parts);
  const status: v.InferInput<typeof Status> = {
    module: "websocket",
    status: ok ? "healthy" : "unhealthy",
    stats: await figures(parts),
    message: detail,
    node: hub.ids.node,
    uptime: Math.round((performance.now() - startedAtMs) / 1000),
    version: VERSION,
    runtime,
    broker: hub.broker.name,
  };
  return Response.json(status, { status: ok ? 200 : 503, headers: { "cache-control": "no-store" } });
}

async function figures({ hub }: HttpParts): Promise<v.InferInput<typeof Status>["stats"]> {
  const nodes = await hub.cluster.stats();
  const { connections, connectionsOpened, deliveries, families, lastConnection, messages, rooms } = hub.stats;
  const figures = addUp(nodes, families);
  const figure = ({ name }: Family) => figures.get(name) ?? 0;
  const last = figure(lastConnection);
  return {
    total_connections: figure(connectionsOpened),
    active_connections: figure(connections),
    total_rooms: figure(rooms),
    messages_processed: figure(messages),
    messages_broadcast: figure(deliveries),
    last_connection_time: last > 0 ? new Date(last * 1000).toISOString() : null,
  };
}

export function pointerRoute({ basePath }: Config): Route {
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
