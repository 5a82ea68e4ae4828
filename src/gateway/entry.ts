/**
 * Who a client comes in as, if it may: its token has been checked, now the block and the policies are asked. Nothing is
 * granted before that, and nobody is told anything yet.
 */
import { ParleyError } from "../errors.ts";
import type { Hub } from "../hub/hub.ts";
import { type Admitted, checkBlock } from "../hub/identity.ts";
import { type Steps, wait } from "../maybe.ts";
import type { Identity } from "../message.ts";
import { type Arrival, termsOf } from "../policy.ts";
import { guestName } from "../hub/guest_name.ts";
import type { Origins } from "./origins.ts";

export interface Entrant {
  /** Which its connection will have. */
  id: string;
  address: string;
  dialect: { readonly name: string };
  /** Whom its token names. */
  identity?: Identity;
  /** What it came with; absent if no policy looks at that. */
  arrival?: Arrival;
}

/** Cookies are left out that another site's page has sent along: a policy that reads one would let that page act for its visitor. */
export function trustedHeaders(request: Request, origins: Origins): Headers {
  const headers = new Headers(request.headers);
  if (!origins.trustsCookies(headers.get("origin"), headers.get("host"))) headers.delete("cookie");
  return headers;
}

/** Undefined: as a guest. Throws what refuses it; `by` is there if that was a policy. */
export function* enter(hub: Hub, entrant: Entrant): Steps<Admitted | undefined> {
  const { identity, arrival } = entrant;
  const { kicks } = hub;
  if (identity) yield* checkEntry(hub, identity);
  if (!arrival) return identity && { identity, kicks };
  const verdict = yield* wait(hub.policies.connect(askerOf(entrant), arrival));
  const { identity: named } = termsOf(verdict, verdict.allow ? {} : { reason: verdict.by });
  if (named && named.user !== identity?.user) yield* checkEntry(hub, named);
  const counts = named ?? identity;
  return counts && { identity: counts, kicks };
}

/** What is decided, or `unavailable`: a program that never answers would take one place after another. */
export function inTime<T>(decided: Promise<T>, withinMs: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const error = new ParleyError("unavailable", "Cannot connect: it was not decided in time", { retryAfter: withinMs });
  const timer = setTimeout(() => late.reject(error), withinMs);
  return Promise.race([decided, late.promise]).finally(() => clearTimeout(timer));
}

/** Throws `forbidden` for who is blocked, `unavailable` if that cannot be found out. */
function* checkEntry(hub: Hub, identity: Identity): Steps<void> {
  try {
    yield* checkBlock(hub, identity);
  } catch (error) {
    if (!(error instanceof ParleyError) || error.code !== "unavailable") throw error;
    const { code, message, retryAfter } = error;
    throw new ParleyError(code, message, { retryAfter, reason: "broker" });
  }
}

function askerOf({ id, address, dialect, identity }: Entrant) {
  const member = identity
    ? { connection: id, user: identity.id, name: identity.name }
    : { connection: id, name: guestName(id) };
  return { id, identity, member, dialect, rooms: [], address, createdAt: Date.now(), isIn: () => false };
}
