/**
 * The messages of one room as a renderer wants them: one unbroken stretch, each message once, in the order of the room.
 *
 * Pure: frames in, a list out. Where the room keeps history, offsets decide what is next, known, or missing; a stretch that
 * cannot be continued is given up for a newer one, and the caller says so (`gap`).
 */
import type { HistoryReply, JoinReply, MessageFrame, Position } from "./frames.ts";

export type Fit =
  | "next"
  | "known"
  /** Something before it never came: ask again from `last`. */
  | "hole";

export class MessageLog {
  /** How far the list reaches: what a rejoin starts from. Absent in rooms that keep no history. */
  last?: Position;
  /** Whether `history` can bring older messages; unknown counts as yes. */
  hasMore = true;
  /** A new array after every change, for renderers that compare by identity. */
  messages: readonly MessageFrame[] = [];
  #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A live message; only `next` changes the list. */
  append(message: MessageFrame): Fit {
    const { position } = message;
    if (position && this.last) {
      const expected = position.epoch === this.last.epoch ? this.last.offset + 1 : 1;
      if (position.offset < expected) return "known";
      if (position.offset > expected) return "hole";
    }
    if (position) this.last = position;
    this.messages = [...this.messages, message].slice(-this.#limit);
    return "next";
  }

  /** The answer to a join; returns what is new in it, and whether messages are lost between the old list and the new. */
  resume({ position, messages = [], recovered }: JoinReply, isReset: boolean): { fresh: MessageFrame[]; gap: boolean } {
    const gap = isReset || recovered === false;
    if (gap) {
      this.messages = [];
      this.last = undefined;
      this.hasMore = true;
    }
    const fresh = messages.filter((message) => this.append(message) === "next");
    this.last ??= position;
    return { fresh, gap };
  }

  /** A page of older messages. What is newer than the list will come, or came, by itself. */
  prepend({ messages, more }: HistoryReply): void {
    const first = this.messages[0];
    const edge = first ? first.position : this.last && { ...this.last, offset: this.last.offset + 1 };
    const older = messages.filter(({ position }) =>
      !(position && edge) || (position.epoch === edge.epoch && position.offset < edge.offset)
    );
    this.hasMore = more ?? older.length > 0;
    this.#limit += older.length;
    this.messages = [...older, ...this.messages];
    this.last ??= older.at(-1)?.position;
  }
}
