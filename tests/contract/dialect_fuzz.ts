/**
 * Frames of a stranger: JSON that resembles a dialect's own, made from a seed so that a failure can be had again.
 */
const NAMES = [
  ...[
    "room",
    "roomId",
    "conversationId",
    "to",
    "userId",
    "data",
    "message",
    "content",
    "text",
    "id",
    "since",
    "before",
  ],
  ...["clientMessageId", "echo", "event", "action", "status", "metadata", "limit", "token", "messageId", "message_id"],
  ...["emoji", "signal", "epoch", "offset", "notification_id", "attachments", "__proto__", "constructor", "type", ""],
];

const WORDS = [
  ...["join", "leave", "message", "system", "custom_event", "presence", "typing_start", "reaction", "call_signal"],
  ...["lobby", "*", "", "user:7", "a\u0000b", "\ud800", "x".repeat(256), "💥".repeat(128), "__proto__", "toString"],
  ...["online", "added", "members", "history", "authenticate", "mark_read", "subscribe_presence", "upload_progress"],
];

const NUMBERS = [0, -0, 1, -1, 1.5, 1e308, -1e308, 2 ** 53, 4294967296];

/** A generator of numbers in [0, 1): mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export function pick<T>(random: () => number, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)]!;
}

/** Any JSON value, as JSON.parse would make it: `__proto__` may be one of its own names. */
export function randomJson(random: () => number, depth = 3): unknown {
  const die = random();
  if (die < 0.45 || depth === 0) return pick(random, WORDS);
  if (die < 0.6) return pick(random, NUMBERS);
  if (die < 0.7) return pick(random, [null, true, false]);
  if (die < 0.8) return Array.from({ length: Math.floor(random() * 4) }, () => randomJson(random, depth - 1));
  return randomObject(random, depth - 1);
}

/** A frame of one of the types, with fields that some dialect knows; each may be anything. */
export function randomFrame(random: () => number, types: readonly string[]): Record<string, unknown> {
  return { ...randomObject(random, 3), ...(random() < 0.95 ? { type: pick(random, types) } : {}) };
}

function randomObject(random: () => number, depth: number): Record<string, unknown> {
  const length = Math.floor(random() * 6);
  const fields = Array.from({ length }, () => [pick(random, NAMES), randomJson(random, depth)] as const);
  return Object.fromEntries(fields);
}
