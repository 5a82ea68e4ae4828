/** Work over many rooms, some of them at a time: all at once would fill the engine's pipeline, one by one would wait for each. */
const AT_ONCE = 100;

/** Rejects with the first failure, when the chunk it was in is through. */
export async function inChunks<T>(all: T[], work: (each: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < all.length; at += AT_ONCE) {
    const settled = await Promise.allSettled(all.slice(at, at + AT_ONCE).map(work));
    for (const each of settled) if (each.status === "rejected") throw each.reason;
  }
}
