/**
 * Keeps an entry of TanStack Query's cache in step with a room or an event: by an update of one's own, or by asking anew.
 *
 * Where messages were lost (`gap`) the entry is always asked for anew; of a user who has left nothing stays. What arrives while a fetch is under way is applied
 * again to its answer, which may be older.
 */
import { hashKey, type QueryClient, type QueryKey } from "@tanstack/react-query";
import type { Client } from "../client.ts";
import type { ServerFrame } from "../frames.ts";

/** The new data; undefined: leave it as it is. Must not change `old`; a frame that is in it already should change nothing. */
export type Update<Data> = (old: Data, frame: ServerFrame) => Data | undefined;

export interface SyncOptions<Data> {
  queryKey: QueryKey;
  /** Joined while in step; only what happens there counts. Without it: everything this client hears. */
  room?: string;
  /** A frame type or the name of a custom event. Default `message`. */
  event?: string;
  /** Without it the entry is asked for anew. */
  update?: Update<Data>;
}

/** Returns how to stop. */
export function syncQuery<Data>(queries: QueryClient, client: Client, options: SyncOptions<Data>): () => void {
  const { queryKey, room: id, event = "message", update } = options;
  const askAnew = () => void queries.invalidateQueries({ queryKey });
  const stops = [
    client.on("gap", ({ room }) => !id || room === id ? askAnew() : undefined),
    client.on("switch", () => void queries.resetQueries({ queryKey })),
  ];
  let hear: (frame: ServerFrame) => void = askAnew;
  if (update) {
    const late: ServerFrame[] = [];
    const apply = (frame: ServerFrame) => {
      const old = queries.getQueryData<Data>(queryKey);
      const fresh = old && update(old, frame);
      if (fresh) queries.setQueryData<Data>(queryKey, fresh);
    };
    hear = (frame) => {
      apply(frame);
      if (queries.isFetching({ queryKey, exact: true })) late.push(frame);
    };
    stops.push(onAnswer(queries, queryKey, () => late.splice(0).forEach(apply)));
  }
  if (id) {
    const room = client.room(id);
    // A message tells its listeners the frame alone, other events their data and the frame.
    stops.push(room.on(event, (data: ServerFrame, frame: ServerFrame = data) => hear(frame)), room.retain());
  } else {
    stops.push(client.on(event, (_, frame) => hear(frame)));
  }
  return () => stops.forEach((stop) => stop());
}

/** After every fetch of that key that succeeded; data set by hand does not count. */
function onAnswer(queries: QueryClient, queryKey: QueryKey, answered: () => void): () => void {
  const hash = hashKey(queryKey);
  return queries.getQueryCache().subscribe((told) => {
    if (told.type !== "updated" || told.query.queryHash !== hash) return;
    if (told.action.type === "success" && !told.action.manual) answered();
  });
}

export interface AppendOptions<Item> {
  /** Default: the message as it came. */
  toItem?(frame: ServerFrame): Item;
  /** An item that is in the list already is not added. Default: the message id, else `id`. */
  idOf?(item: Item): unknown;
  /** Items kept at most; the oldest go. */
  limit?: number;
}

/** For lists, newest last. */
export function append<Item = ServerFrame>(options: AppendOptions<Item> = {}): Update<Item[]> {
  const { toItem = (frame) => frame as Item, idOf = defaultId, limit = Infinity } = options;
  return (old, frame) => {
    const item = toItem(frame);
    if (old.some((other) => idOf(other) === idOf(item))) return undefined;
    return [...old, item].slice(-limit);
  };
}

function defaultId(item: unknown): unknown {
  const { message_id, id } = Object(item);
  return message_id ?? id;
}
