/**
 * Status and probes: what load balancers and people ask first.
 *
 * `/livez`: the process answers. `/readyz`: it takes new connections. `/status`: the same with figures.
 */
import type { Hono } from "hono";
import packageJson from "../../package.json" with { type: "json" };
import type { Env, HttpParts } from "./app.ts";

export function addStatus(app: Hono<Env>, parts: HttpParts): void {
  const { hub, admission, runtime } = parts;
  const readiness = async () => {
    if (admission.draining) return { ok: false, detail: "The server is going away" };
    return await hub.broker.health();
  };
  app.get("/livez", (context) => context.text("ok"));
  app.get("/readyz", async (context) => {
    const { ok, detail } = await readiness();
    return ok ? context.text("ok") : context.json({ error: detail, code: "unavailable" }, 503);
  });
  const status = async () => {
    const { ok, detail } = await readiness();
    const body = {
      module: "websocket",
      status: ok ? "healthy" : "unhealthy",
      stats: await figures(parts),
      message: ok ? "All is well" : detail,
      node: hub.ids.node,
      uptime: Math.round(performance.now() / 1000),
      version: packageJson.version,
      runtime,
      broker: hub.broker.name,
    };
    return Response.json(body, { status: ok ? 200 : 503 });
  };
  app.get("/status", status);
  app.get("/websocket/status", status);
}

async function figures({ hub }: HttpParts): Promise<Record<string, unknown>> {
  const nodes = await hub.broker.directory.stats();
  const sum = (series: string) => nodes.reduce((total, { counters }) => total + (counters[series] ?? 0), 0);
  const last = Math.max(...nodes.map(({ counters }) => counters.parley_last_connection_timestamp_seconds ?? 0));
  return {
    total_connections: sum("parley_connections_opened_total"),
    active_connections: sum("parley_connections"),
    total_rooms: sum("parley_rooms"),
    messages_processed: sum("parley_messages_total"),
    messages_broadcast: sum("parley_deliveries_total"),
    last_connection_time: last > 0 ? new Date(last * 1000).toISOString() : null,
  };
}
