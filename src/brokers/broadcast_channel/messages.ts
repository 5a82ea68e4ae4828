/**
 * What the sequencer and the links of the workers say to each other. Types only.
 *
 * Commands and answers travel over a port, which loses nothing and keeps the order; events travel in numbered batches
 * over one BroadcastChannel, which on Deno loses what a reader is more than 256 messages behind. Large batches take the
 * ports: see LARGE_CHARS.
 */
import type { MessagePort } from "node:worker_threads";
import type { NodeQuestion } from "../../broker.ts";
import type { ErrorCode } from "../../errors.ts";
import type { HistoryPage, HistoryQuery } from "../../stores.ts";
import type { Sealed } from "./lines.ts";

/** What a worker needs to reach its sequencer; travels as `workerData`, with the port transferred. */
export interface Uplink {
  port: MessagePort;
  /** The name of the BroadcastChannel. */
  channel: string;
}

/** All events of one turn of the sequencer: lines of writeEvent. */
export interface Batch {
  /** Counts from 1. */
  number: number;
  text: string;
}

/** Stores that answer a call as it is. */
export type Store = "presence" | "inbox" | "grants";

/** Like a publish answered by one Reply, in the order of asking. */
export type StoreCommand =
  | { do: "call"; store: Store; method: string; args: unknown[] }
  | { do: "read"; key: string; query: HistoryQuery }
  | { do: "subscribe" | "unsubscribe"; key: string }
  | { do: "leave" };

/** Not answered, or not in order. */
export type Remark =
  | { do: "hello"; node: string }
  /** The batches after this one have not come. */
  | { do: "missing"; after: number }
  /** They are gone: start over, with what the rooms have after these positions. */
  | { do: "resume"; rooms: [key: string, epoch: string, offset: number][] }
  /** Every batch up to this one was delivered; `posted` is the beat's. */
  | { do: "keep_up"; batch: number; posted: number }
  /** Of all nodes, or of one. */
  | { do: "ask"; id: number; node?: string; question: NodeQuestion }
  /** Without a value: it could not answer. */
  | { do: "answer"; id: number; value?: unknown };

/** What a link posts: all of one turn. A string is a publish. */
export type Upward = (string | StoreCommand | Remark)[];

/** A string answers a publish. */
export type StoreReply = string | { value: unknown } | { error: ReplyError };

export interface ReplyError {
  code: ErrorCode;
  message: string;
  room?: string;
}

/** The reply to a read: `offset, sealed` of each message, all of the position's epoch. */
export interface SealedPage extends Omit<HistoryPage, "messages"> {
  messages: [offset: number, sealed: Sealed][];
}

export type Note =
  | { do: "question"; id: number; question: NodeQuestion }
  /** `asked` nodes should have answered. */
  | { do: "answers"; id: number; values: unknown[]; asked: number }
  | { do: "beat"; posted: number };

/** To be heard when batch `at` was delivered. */
export interface Turn {
  at: number;
  replies: StoreReply[];
  notes: Note[];
}

/** The answer to `missing` and `resume`. */
export type Repair =
  | { batches: Batch[] }
  /** The sequencer does not have them any more. */
  | { gone: true }
  /** Stands for all batches up to its number. */
  | { anew: Batch };

export type Downward = Turn | Batch | Repair;
