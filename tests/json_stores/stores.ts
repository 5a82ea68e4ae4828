/** All stores in JSON files of one folder: handed to a broker, they show that a storage is one small file per store. */
import { join } from "node:path";
import type { Stores } from "../../src/stores.ts";
import { JsonGrants } from "./grants.ts";
import { JsonHistory } from "./history.ts";
import { JsonInbox } from "./inbox.ts";
import { JsonFile } from "./json_file.ts";
import { JsonOnce } from "./once.ts";
import { JsonStatuses } from "./statuses.ts";

export interface JsonStoresOptions {
  folder: string;
  historyRoomBytes: number;
  inboxSize: number;
  inboxTtlMs: number;
  now: () => number;
}

export function jsonStores({ folder, historyRoomBytes, inboxSize, inboxTtlMs, now }: JsonStoresOptions): Stores {
  const file = <Value>(name: string) => new JsonFile<Value>(join(folder, `${name}.json`));
  return {
    history: new JsonHistory(file("history"), { roomBytes: historyRoomBytes, now }),
    once: new JsonOnce(file("once"), now),
    inbox: new JsonInbox(file("inbox"), { size: inboxSize, ttlMs: inboxTtlMs, now }),
    grants: new JsonGrants({ groups: file("groups"), blocks: file("blocks"), now }),
    statuses: new JsonStatuses(file("statuses"), now),
  };
}
