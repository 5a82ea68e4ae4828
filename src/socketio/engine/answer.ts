/**
 * How Engine.IO answers over HTTP: its error bodies, CORS, and the headers that every answer carries.
 *
 * An `Answer` is taken from the request at once, because a long-poll is answered when the request object may be gone.
 */
import type { OriginTrust } from "./options.ts";

/** The protocol's error codes. */
export const REFUSAL = {
  transportUnknown: { code: 0, message: "Transport unknown" },
  sessionUnknown: { code: 1, message: "Session ID unknown" },
  sessionElsewhere: {
    code: 1,
    message: "Session ID unknown: another node began the session, or this one before it was restarted. " +
      "A load balancer must send all requests of a session to the node that began it",
  },
  badMethod: { code: 2, message: "Bad handshake method" },
  badRequest: { code: 3, message: "Bad request" },
  forbidden: { code: 4, message: "Forbidden" },
  versionUnsupported: { code: 5, message: "Unsupported protocol version" },
} as const;

export type EngineError = (typeof REFUSAL)[keyof typeof REFUSAL];

type TrustOf = (origin: string, host: string) => OriginTrust;

export class HttpAnswer {
  readonly #headers: [string, string][];

  constructor(request: Request, trustOf: TrustOf) {
    this.#headers = corsHeaders(request, trustOf);
  }

  /** Packets to a poll. */
  payload(body: string, cookie?: string): Response {
    const headers: [string, string][] = [["content-type", "text/plain; charset=UTF-8"], ["cache-control", "no-store"]];
    if (cookie) headers.push(["set-cookie", cookie]);
    return new Response(body, { headers: [...headers, ...this.#headers] });
  }

  /** A POST was taken. */
  accepted(): Response {
    return new Response("ok", { headers: [["content-type", "text/html"], ...this.#headers] });
  }

  refused(refusal: EngineError, status = 400): Response {
    const headers: [string, string][] = [["content-type", "application/json"], ...this.#headers];
    return new Response(JSON.stringify(refusal), { status, headers });
  }

  tooLarge(): Response {
    return new Response(null, { status: 413, headers: this.#headers });
  }

  /** What a browser asks before it sends a request of its own making across origins. */
  preflight(request: Request): Response {
    const asked = request.headers.get("access-control-request-headers");
    const headers: [string, string][] = [["access-control-allow-methods", "GET,POST"], ...this.#headers];
    if (asked) headers.push(["access-control-allow-headers", asked]);
    return new Response(null, { status: 204, headers });
  }

  /** The host's own refusal of a handshake, readable across origins like every other answer. */
  pass(response: Response): Response {
    const headers = new Headers(response.headers);
    for (const [name, value] of this.#headers) headers.set(name, value);
    return new Response(response.body, { status: response.status, headers });
  }
}

/** A refused upgrade: no page can read it, people with a console can. */
export function refuseUpgrade(refusal: EngineError): Response {
  return new Response(refusal.message, { status: 400, headers: { "content-type": "text/html" } });
}

function corsHeaders(request: Request, trustOf: TrustOf): [string, string][] {
  const origin = request.headers.get("origin");
  // Also without an origin: a cache must not give that answer to a page.
  const vary: [string, string] = ["vary", "Origin"];
  if (origin === null) return [vary];
  const trust = trustOf(origin, request.headers.get("host") ?? "");
  if (trust === "refused") return [vary];
  if (trust === "open") return [vary, ["access-control-allow-origin", "*"]];
  return [vary, ["access-control-allow-origin", origin], ["access-control-allow-credentials", "true"]];
}
