/**
 * Going away without a stampede: nobody new comes in, everybody is told, and connections close in paced batches.
 */
import type { Admission } from "./admission.ts";
import { CLOSE } from "../errors.ts";
import type { Hub } from "../hub/hub.ts";
import { EVERYBODY } from "../message.ts";

/** Connections that close together; the pause between batches spreads them over the time there is. */
const BATCHES = 20;
/** Of the time there is, what the closing may take; the rest is for farewells on their way. */
const CLOSING_SHARE = 0.5;
const POLL_MS = 10;
/**
 * Whoever was connecting when it began shall have an answer: nobody may have come for this share of the time there is,
 * in looks at least and at most. Looks are counted, not time, which goes on while a busy process does not look.
 */
const QUIET = { share: 1 / 40, minLooks: 3, maxLooks: 25 };

/** Resolves when all connections have closed and nobody comes any more, at the latest after `withinMs`. */
export async function drain(
  { hub, admission, withinMs }: { hub: Hub; admission: Admission; withinMs: number },
): Promise<void> {
  admission.draining = true;
  const endsAt = performance.now() + withinMs;
  await sendAway(hub, withinMs);
  const needed = Math.min(Math.max(withinMs * QUIET.share / POLL_MS, QUIET.minLooks), QUIET.maxLooks);
  let quiet = 0;
  while (performance.now() < endsAt && (hub.connections.size > 0 || quiet < needed)) {
    const { latecomers } = admission;
    await pause(POLL_MS);
    quiet = admission.latecomers === latecomers ? quiet + 1 : 0;
  }
}

async function sendAway(hub: Hub, withinMs: number): Promise<void> {
  const connections = [...hub.connections.values()];
  if (connections.length === 0) return;
  hub.log.info("draining", { connections: connections.length, withinMs });
  const message = "The server is going away";
  hub.deliver({ room: EVERYBODY, event: { kind: "notice", ...hub.stamp(), message, reconnect: true } });
  const size = Math.max(100, Math.ceil(connections.length / BATCHES));
  const pauseMs = withinMs * CLOSING_SHARE / Math.max(1, Math.ceil(connections.length / size) - 1);
  for (let at = 0; at < connections.length; at += size) {
    for (const connection of connections.slice(at, at + size)) hub.disconnect(connection, CLOSE.goingAway, message);
    if (at + size < connections.length) await pause(pauseMs);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
