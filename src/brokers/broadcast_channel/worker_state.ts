/**
 * One worker as the sequencer sees it: its port, its subscriptions, what it is to be told at the end of the turn, and how
 * far it has come.
 */
import type { MessagePort } from "node:worker_threads";
import type { Note, StoreReply } from "./messages.ts";

export class WorkerState {
  readonly port: MessagePort;
  /** Keys of the rooms it subscribed to. */
  readonly rooms = new Set<string>();
  /** The head of the ids of its connections; it says so first of all. */
  node = "";
  /** The newest batch that it says it has delivered. */
  delivered: number;
  /** How many characters had been posted when it was asked for that. */
  deliveredChars: number;
  #replies: StoreReply[] = [];
  #notes: Note[] = [];

  constructor(port: MessagePort, { number, posted }: { number: number; posted: number }) {
    this.port = port;
    this.delivered = number;
    this.deliveredChars = posted;
  }

  /** Nothing is sent to it any more, and nobody waits for it. */
  leave(): void {
    this.rooms.clear();
    this.node = "";
    this.delivered = this.deliveredChars = Infinity;
  }

  reply(reply: StoreReply): void {
    this.#replies.push(reply);
  }

  tell(note: Note): void {
    this.#notes.push(note);
  }

  /** To be heard when batch `at` was delivered. */
  flush(at: number): void {
    if (this.#replies.length === 0 && this.#notes.length === 0) return;
    this.port.postMessage({ at, replies: this.#replies, notes: this.#notes });
    this.#replies = [];
    this.#notes = [];
  }
}
