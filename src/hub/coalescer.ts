/**
 * The way out of a busy room: frames that follow each other closely go to the runtime together, which then writes several
 * to each member at once. In a room of 1,000 that is most of the cost of a message.
 *
 * Only for rooms whose rule has `coalesce`. The first frame after a pause goes at once, so a quiet room waits for nothing;
 * later ones wait for the end of the window. The order of all frames is kept.
 */
import type { RuntimeAdapter, Socket } from "../adapter.ts";
import type { Frame } from "../message.ts";

/** What an event's frames are handed to. */
export type Publisher = Pick<RuntimeAdapter, "publish">;

/** What waits is written in one burst to every member: it must fit easily into what a reader may leave unread. */
const MAX_WAITING_BYTES = 64 * 1024;

interface HeldFrame {
  topic: string;
  frame: Frame;
  except?: Socket;
}

export class Coalescer implements Publisher {
  readonly #outlet: Publisher;
  readonly #windowMs: number;
  #waiting: HeldFrame[] = [];
  #waitingBytes = 0;
  /** Runs while a window is open. */
  #timer?: ReturnType<typeof setTimeout>;

  constructor(outlet: Publisher, windowMs: number) {
    this.#outlet = outlet;
    this.#windowMs = windowMs;
  }

  publish(topic: string, frame: Frame, except?: Socket): void {
    if (this.#timer === undefined) {
      this.#outlet.publish(topic, frame, except);
      this.#open();
      return;
    }
    this.#waiting.push({ topic, frame, except });
    this.#waitingBytes += frame.length;
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.flush();
  }

  /** Everything that waits goes now: before anybody joins or leaves, so that all see the same. */
  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const { topic, frame, except } of waiting) this.#outlet.publish(topic, frame, except);
  }

  #open(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#waiting.length === 0) return;
      this.flush();
      this.#open();
    }, this.#windowMs);
  }
}
