/**
 * Roughly how many bytes a value holds in memory, so that history can be bounded by size. Called once for each kept
 * message; walks without recursion (clients choose the depth) and without allocating.
 */

/** An object or array, with the slots it starts with. */
const OBJECT_BYTES = 48;
/** One property, element, number or boolean. */
const SLOT_BYTES = 8;
const STRING_BYTES = 24;

/** What is still to be walked. One for all calls: a walk neither waits nor nests. */
const pending: object[] = [];

export function footprint(value: unknown): number {
  let bytes = weigh(value);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (ArrayBuffer.isView(next)) {
      bytes += next.byteLength;
    } else if (Array.isArray(next)) {
      for (const element of next) bytes += weigh(element);
    } else {
      for (const key in next) bytes += SLOT_BYTES + weigh((next as Record<string, unknown>)[key]);
    }
  }
  return bytes;
}

/** The value's own bytes; an object is left for the walk. */
function weigh(value: unknown): number {
  if (typeof value === "string") return STRING_BYTES + value.length;
  if (typeof value !== "object" || value === null) return SLOT_BYTES;
  pending.push(value);
  return OBJECT_BYTES;
}
