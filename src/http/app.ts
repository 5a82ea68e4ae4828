/**
 * The HTTP side: which routes are served on the public port and which on the admin's.
 *
 * Every request that is not an upgrade ends here.
 */
import type { Config } from "../config/config.ts";
import type { EndpointTable } from "../gateway/endpoint.ts";
import { ParleyError, toHttp } from "../errors.ts";
import { NO_OFFER } from "../gateway/subprotocols.ts";
import { Access } from "./access.ts";
import { AdminHosts } from "./admin_hosts.ts";
import { announcementRoutes } from "./announcements.ts";
import { chatRoutes } from "./chat.ts";
import { directoryRoutes } from "./directory.ts";
import { metricsRoute } from "./metrics.ts";
import { notificationRoutes } from "./notifications.ts";
import { openapiRoute } from "./openapi.ts";
import type { HttpParts } from "./parts.ts";
import { serveProtocols } from "./protocol_routes.ts";
import { removalRoutes } from "./removal.ts";
import type { Route } from "./route.ts";
import { type Fetch, serveRoutes } from "./router.ts";
import { pointerRoute, statusRoutes } from "./status.ts";
import { demoTokenRoute } from "./visitors.ts";

/** Rejects if their scripts are not built. */
export type DemoPages = (config: Config) => Promise<Route[]>;

export interface Apps {
  fetch: Fetch;
  /** What the admin port answers, if there is one. */
  adminFetch?: Fetch;
}

/** The routes of each port. */
export function routesOf(parts: HttpParts): { open: Route[]; admin?: Route[] } {
  const { adminPort, basePath, metrics } = parts.hub.config;
  const everywhere = statusRoutes(parts);
  const own = [...chatRoutes(parts), ...notificationRoutes(parts), ...frontRoutes(parts), parts.clientScript];
  const admin = [...directoryRoutes(parts), ...announcementRoutes(parts), ...removalRoutes(parts)];
  if (adminPort === undefined) {
    const figures = metricsRoute(parts, metrics === "public" ? "nothing" : "admin");
    return { open: described([...everywhere, ...own, ...admin, figures], basePath) };
  }
  // Who can reach the port of its own may read the figures.
  const apart = [...everywhere, ...notificationRoutes(parts), ...admin, metricsRoute(parts, "nothing")];
  return { open: described([...everywhere, ...own], basePath), admin: described(apart, basePath) };
}

function frontRoutes({ demo, pages, hub: { config } }: HttpParts): Route[] {
  const front = pages ?? [pointerRoute(config)];
  return demo ? [...front, demoTokenRoute(demo)] : front;
}

export function createApps(parts: HttpParts): Apps {
  const { hub, origins } = parts;
  const { open, admin } = routesOf(parts);
  const shared = {
    access: new Access(parts),
    log: hub.log,
    basePath: hub.config.basePath,
    maxBodyBytes: hub.config.websocketMaxMessageBytes,
  };
  const own = serveRoutes(open, { ...shared, origins, otherwise: (request) => upgradeRequired(request, parts) });
  return {
    fetch: serveProtocols(parts.protocolRoutes, {
      otherwise: own,
      log: hub.log,
      addressOf: (headers, peer) => parts.admission.addressOf(headers, peer),
    }),
    adminFetch: admin && serveRoutes(admin, { ...shared, hosts: new AdminHosts(hub.config.adminHosts) }),
  };
}

function described(routes: Route[], basePath: string): Route[] {
  return [...routes, openapiRoute(routes, basePath)];
}

/** What a request without `Upgrade` is told at the address of a WebSocket. */
function upgradeRequired(request: Request, { hub, admission, endpoints }: HttpParts): Response | undefined {
  if (!isWebSocketPath(request, endpoints)) return undefined;
  if (!hub.config.websocketEnabled || admission.draining) {
    const why = admission.draining ? "the server is going away" : "WebSockets are switched off";
    return toHttp(new ParleyError("unavailable", `Cannot connect: ${why}`));
  }
  const path = new URL(request.url).pathname;
  const why = "it is a WebSocket, the request must ask for an upgrade";
  const error = new ParleyError("bad_message", `Cannot serve "${path}" over plain HTTP: ${why}`);
  return toHttp(error, { status: 426, headers: { upgrade: "websocket", connection: "upgrade" } });
}

function isWebSocketPath(request: Request, endpoints: EndpointTable): boolean {
  try {
    endpoints.resolve(new URL(request.url), NO_OFFER);
    return true;
  } catch (error) {
    if (error instanceof ParleyError) return error.code !== "not_found";
    throw error;
  }
}
