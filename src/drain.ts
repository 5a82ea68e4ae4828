/**
 * Going away without a stampede: nobody new comes in, everybody is told, and connections close in paced batches.
 */
import type { Admission } from "./admission.ts";
import { CLOSE } from "./errors.ts";
import type { Hub } from "./hub.ts";
import { EVERYBODY } from "./message.ts";

/** Connections that close together; the pause between batches spreads them over the time there is. */
const BATCHES = 20;
/** Of the time there is, what the closing may take; the rest is for farewells on their way. */
const CLOSING_SHARE = 0.5;
const POLL_MS = 20;

/** Resolves when all connections have closed, at the latest after `withinMs`. */
export async function drain(
  { hub, admission, withinMs }: { hub: Hub; admission: Admission; withinMs: number },
): Promise<void> {
  admission.draining = true;
  const connections = [...hub.connections.values()];
  if (connections.length === 0) return;
  const endsAt = Date.now() + withinMs;
  hub.log.info("draining", { connections: connections.length, withinMs });
  const message = "The server is going away";
  hub.deliver({ room: EVERYBODY, event: { kind: "notice", ...hub.stamp(), message, reconnect: true } });
  const size = Math.max(100, Math.ceil(connections.length / BATCHES));
  const pauseMs = withinMs * CLOSING_SHARE / Math.max(1, Math.ceil(connections.length / size) - 1);
  for (let at = 0; at < connections.length; at += size) {
    for (const connection of connections.slice(at, at + size)) hub.disconnect(connection, CLOSE.goingAway, message);
    if (at + size < connections.length) await pause(pauseMs);
  }
  while (hub.connections.size > 0 && Date.now() < endsAt) await pause(POLL_MS);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
