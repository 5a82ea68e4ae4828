/**
 * Frames that wait: for a connection, for their turn, for their answer.
 *
 * A message keeps its id over any number of connections, so the server, which remembers ids for five minutes, takes it
 * once; it is answered, rejected, or times out, and never dropped in silence. Everything else is asked on one connection
 * only: its fate after a loss is unknown, and it is rejected with `disconnected`.
 */
import { clientError } from "./client_error.ts";
import { TOO_LARGE } from "./close_codes.ts";
import type { ClientFrame, ServerFrame } from "./frames.ts";
import type { Platform } from "./platform.ts";
import { Timer } from "./timer.ts";

/** What the outbox needs of its client. */
export interface Wire {
  readonly platform: Platform;
  readonly options: { queueSize?: number; ackTimeoutMs?: number };
  write(text: string): void;
  /** Called when an answer did not come in time. */
  probe(): void;
}

interface Entry {
  readonly text: string;
  readonly isMessage: boolean;
  readonly askedAt: number;
  resolve(frame: ServerFrame): void;
  reject(error: Error): void;
  readonly timer: Timer;
  isSent?: boolean;
}

interface ErrorData {
  code: string;
  message: string;
  retryAfter?: number;
  request?: string;
}

/** Messages on the wire at once: the rest waits, so that a long queue does not arrive as one burst over the rate limit. */
const WINDOW = 32;
/** A message older than this is given up: past five minutes the server would no longer know it for a repeat. */
const LIFETIME_MS = 240_000;

export class Outbox {
  readonly #wire: Wire;
  /** In the order of asking, which is the order on the wire. */
  readonly #entries = new Map<string, Entry>();
  readonly #prefix: string;
  #serial = 0;
  #isOpen = false;
  /** Messages wait although the connection is open: others go first, or the server asked for a pause. */
  #isHeld = false;
  readonly #pauseTimer: Timer;

  constructor(wire: Wire) {
    this.#wire = wire;
    this.#pauseTimer = new Timer(wire.platform);
    this.#prefix = wire.platform.random().toString(36).slice(2) + "-";
  }

  /** Rejects with a ClientError: the server's code, `timeout`, `queue_full`, `disconnected`, `too_large` or `closed`. */
  request(frame: ClientFrame): Promise<ServerFrame> {
    const isMessage = frame.type === "message";
    const id = this.#prefix + this.#serial++;
    return new Promise((resolve, reject) => {
      if (!this.#isOpen && !(isMessage && this.#entries.size < (this.#wire.options.queueSize ?? 256))) {
        throw clientError(isMessage ? "queue_full" : "disconnected", "send");
      }
      const entry: Entry = {
        text: JSON.stringify({ ...frame, id }),
        isMessage,
        askedAt: this.#wire.platform.now(),
        timer: new Timer(this.#wire.platform),
        resolve,
        reject,
      };
      this.#entries.set(id, entry);
      this.#expire(id, entry, LIFETIME_MS);
      this.#pump();
    });
  }

  /** Whether the frame answers something asked here; the room's copy of somebody else's message never does. */
  settle(frame: ServerFrame, connectionId: string | undefined): void {
    // A refusal has an id of its own, and names the frame that it refuses.
    const refusal = (frame.type === "error" ? frame.data : {}) as ErrorData;
    const { code, message, retryAfter, request: id = frame.id } = refusal;
    const entry = this.#entries.get(id);
    if (!entry || (frame.from && frame.from !== connectionId)) return;
    if (!code) return this.#take(id).resolve(frame);
    if (code === "rate_limited" && entry.isMessage) return this.#pause(entry, retryAfter ?? 1000);
    this.#take(id).reject(Object.assign(clientError(code, message), { retryAfter }));
  }

  /** What `first` asks goes before the messages that waited. */
  open(first: () => void): void {
    this.#isOpen = this.#isHeld = true;
    first();
    this.#release();
  }

  /**
   * The connection is gone: messages wait for the next one, everything else fails. When a frame was over the limit, none
   * of those on the wire is sent again: one of them would close every connection to come.
   */
  down(closeCode: number): void {
    this.#isOpen = false;
    this.#pauseTimer.clear();
    for (const [id, entry] of this.#entries) {
      const isTooLarge = closeCode === TOO_LARGE && entry.isSent;
      if (isTooLarge || !entry.isMessage) {
        this.#take(id).reject(clientError(isTooLarge ? "too_large" : "disconnected", "send"));
      } else {
        entry.isSent = false;
        this.#expire(id, entry, entry.askedAt + LIFETIME_MS - this.#wire.platform.now());
      }
    }
  }

  end(error: Error): void {
    for (const id of this.#entries.keys()) this.#take(id).reject(error);
  }

  #release(): void {
    this.#isHeld = false;
    this.#pump();
  }

  #pump(): void {
    if (!this.#isOpen) return;
    let inFlight = 0;
    for (const [id, entry] of this.#entries) {
      if (entry.isMessage && (this.#isHeld || ++inFlight > WINDOW) || entry.isSent) continue;
      entry.isSent = true;
      this.#expire(id, entry, this.#wire.options.ackTimeoutMs ?? 10_000);
      this.#wire.write(entry.text);
    }
  }

  /** Too many messages: this one and those behind it go again when the server says so. */
  #pause(entry: Entry, ms: number): void {
    entry.isSent = false;
    this.#isHeld = true;
    entry.timer.clear();
    this.#pauseTimer.set(ms, () => this.#release());
  }

  #expire(id: string, entry: Entry, ms: number): void {
    entry.timer.set(ms, () => {
      this.#take(id).reject(clientError("timeout", "send"));
      this.#wire.probe();
    });
  }

  #take(id: string): Entry {
    const entry = this.#entries.get(id) as Entry;
    this.#entries.delete(id);
    entry.timer.clear();
    if (entry.isMessage) this.#pump();
    return entry;
  }
}
