/**
 * All stores in memory, for a server that keeps nothing beyond its end: each bounded in bytes or number, and in age. They
 * are handed to the memory broker, or to the sequencer of several workers.
 */
import type { Stores } from "../../stores.ts";
import { MemoryGrants } from "./grants.ts";
import { MemoryHistory } from "./history.ts";
import { MemoryInbox } from "./inbox.ts";
import { MemoryOnce } from "./once.ts";
import { MemoryStatuses } from "./statuses.ts";

export interface MemoryStoresOptions {
  /** History of all rooms together, estimated. */
  historyMaxBytes: number;
  /** History of one room, estimated; default: any number of bytes. */
  historyRoomBytes?: number;
  /** Notifications kept per user. */
  inboxSize: number;
  inboxTtlMs: number;
  /** Measures what expires; for tests. Default: `performance.now()`. */
  now?: () => number;
}

export function memoryStores(options: MemoryStoresOptions): Stores {
  const { historyMaxBytes, historyRoomBytes, inboxSize, inboxTtlMs, now } = options;
  return {
    history: new MemoryHistory(historyMaxBytes, now, historyRoomBytes),
    once: new MemoryOnce(now),
    inbox: new MemoryInbox({ size: inboxSize, ttlMs: inboxTtlMs, now }),
    grants: new MemoryGrants(now),
    statuses: new MemoryStatuses(now),
  };
}

/** Has every store forget what has expired. */
export function sweepStores(stores: Stores): void {
  for (const store of [stores.history, stores.once, stores.inbox, stores.grants, stores.statuses]) store.sweep?.();
}
