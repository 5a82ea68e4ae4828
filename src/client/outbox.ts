/**
 * Frames that wait: for a connection, for their turn, for their answer.
 *
 * A message keeps its id over any number of connections, so the server, which remembers ids for five minutes, takes it
 * once; it is answered, rejected, or times out, and never dropped in silence. Everything else is asked on one connection
 * only: its fate after a loss is unknown, and it is rejected with `disconnected`. What the server refuses because too much
 * came at once was not carried out, and is asked again.
 */
import { type ClientError, clientError, type Refusal, refusalError } from "./client_error.ts";
import { TOO_LARGE } from "./close_codes.ts";
import type { ClientFrame, ServerFrame } from "./frames.ts";
import { type Cost, type Limits, Pace } from "./pace.ts";
import type { Platform } from "./platform.ts";
import { Timer } from "./timer.ts";

/** What the outbox needs of its client. */
export interface Wire {
  readonly platform: Platform;
  readonly options: { queueSize: number; ackTimeoutMs: number };
  write(text: string): void;
  /** Called when an answer did not come in time. */
  probe(): void;
}

interface Entry extends Cost {
  readonly id: string;
  readonly text: string;
  readonly isMessage: boolean;
  readonly askedAt: number;
  readonly isPatient?: boolean;
  resolve(frame: ServerFrame): void;
  reject(error: Error): void;
  readonly timer: Timer;
  isSent?: boolean;
}

/** A message older than this is given up: past five minutes the server would no longer know it for a repeat. */
const LIFETIME_MS = 240_000;
const USERS_PER_TOKEN = 10;
/** Where the server does not say when to ask again. */
const RETRY_MS = 1000;
/** Refusals after which asking again makes sense. */
const PASSING = ["unavailable", "timeout", "internal"];

export class Outbox {
  readonly #wire: Wire;
  /** In the order on the wire, which is the order of asking, but what a new connection begins with goes first. */
  readonly #entries = new Map<string, Entry>();
  readonly #prefix: string;
  #serial = 0;
  #isOpen = false;
  #pace = new Pace();
  /** The server asked for a pause. */
  #isHeld = false;
  /** Until the end of that pause, or until the next frame may go. */
  readonly #turnTimer: Timer;

  constructor(wire: Wire) {
    this.#wire = wire;
    this.#turnTimer = new Timer(wire.platform);
    this.#prefix = wire.platform.random().toString(36).slice(2) + "-";
  }

  /**
   * Rejects with a ClientError: the server's code, `timeout`, `queue_full`, `disconnected`, `too_large`, `signed_out` or
   * `closed`. `isPatient`: a refusal that will pass is not an answer.
   */
  request(frame: ClientFrame, isPatient?: boolean): Promise<ServerFrame> {
    const { platform, options } = this.#wire;
    const isMessage = frame.type === "message";
    const id = this.#prefix + this.#serial++;
    return new Promise((resolve, reject) => {
      if (!this.#isOpen && !(isMessage && this.#entries.size < options.queueSize)) {
        throw clientError(isMessage ? "queue_full" : "disconnected", "send");
      }
      const text = JSON.stringify({ ...frame, id });
      const entry: Entry = {
        id,
        text,
        ...costOf(frame, text),
        isMessage,
        askedAt: platform.now(),
        isPatient,
        timer: new Timer(platform),
        resolve,
        reject,
      };
      this.#entries.set(id, entry);
      this.#expire(entry, LIFETIME_MS);
      this.#pump();
    });
  }

  /** Whether the frame answers something asked here; the room's copy of somebody else's message never does. */
  settle(frame: ServerFrame, connectionId: string | undefined): void {
    // A refusal has an id of its own, and names the frame that it refuses.
    const refusal = (frame.type === "error" ? frame.data : {}) as Refusal;
    const { code, request: id = frame.id } = refusal;
    const entry = this.#entries.get(id);
    if (!entry || (frame.from && frame.from !== connectionId)) return;
    if (code) this.#refused(entry, refusalError(refusal));
    else this.#take(entry).resolve(frame);
    this.#pump();
  }

  /** What `first` asks goes before the messages that waited. */
  open(limits: Limits | undefined, first: () => void): void {
    const waiting = [...this.#entries];
    this.#entries.clear();
    this.#pace = new Pace(limits);
    this.#isOpen = true;
    first();
    for (const [id, entry] of waiting) this.#entries.set(id, entry);
    this.#pump();
  }

  /** The connection is gone: messages wait for the next one, everything else fails. */
  down(closeCode: number, cause?: unknown): void {
    this.#isOpen = this.#isHeld = false;
    this.#turnTimer.clear();
    for (const entry of this.#entries.values()) {
      // Of what the server allows: then somebody on the way has a limit of his own, and would close every connection.
      const isTooLarge = closeCode === TOO_LARGE && entry.isSent;
      if (isTooLarge || !entry.isMessage) {
        this.#take(entry).reject(clientError(isTooLarge ? "too_large" : "disconnected", "send", cause));
      } else {
        entry.isSent = false;
        this.#expire(entry, entry.askedAt + LIFETIME_MS - this.#wire.platform.now());
      }
    }
  }

  end(error: Error): void {
    for (const entry of this.#entries.values()) this.#take(entry).reject(error);
  }

  #pump(): void {
    if (!this.#isOpen || this.#isHeld) return;
    for (const entry of this.#entries.values()) {
      if (entry.isSent) continue;
      if (entry.bytes > this.#pace.maxBytes) {
        this.#take(entry).reject(clientError("too_large", "send"));
        continue;
      }
      // One that waits holds up those behind it: a leave must not overtake what is still to be said.
      const waitMs = this.#pace.take(entry, this.#wire.platform.now());
      if (waitMs) return this.#turnTimer.set(waitMs, () => this.#pump());
      entry.isSent = true;
      this.#expire(entry, this.#wire.options.ackTimeoutMs);
      this.#wire.write(entry.text);
    }
  }

  #refused(entry: Entry, error: ClientError): void {
    const isRate = error.code === "rate_limited";
    if (!isRate && !(entry.isPatient && PASSING.includes(error.code))) return this.#take(entry).reject(error);
    // Messages behind one that came too soon must not overtake it.
    const holdsAll = isRate && entry.isMessage;
    this.#isHeld ||= holdsAll;
    entry.isSent = !holdsAll;
    entry.timer.clear();
    const timer = holdsAll ? this.#turnTimer : entry.timer;
    timer.set(error.retryAfter ?? RETRY_MS * (1 + this.#wire.platform.random()), () => {
      if (holdsAll) this.#isHeld = false;
      entry.isSent = false;
      this.#pump();
    });
  }

  #expire(entry: Entry, ms: number): void {
    entry.timer.set(ms, () => {
      this.#refused(entry, clientError("timeout", "send"));
      this.#pump();
      this.#wire.probe();
    });
  }

  #take(entry: Entry): Entry {
    this.#entries.delete(entry.id);
    entry.timer.clear();
    return entry;
  }
}

function costOf({ type, data }: ClientFrame, text: string): Cost {
  const { action, userIds } = Object(type === "system" && data) as { action?: string; userIds?: string[] };
  const isFree = action === "join" || action === "leave";
  return {
    tokens: isFree ? 0 : Math.ceil((userIds?.length ?? 1) / USERS_PER_TOKEN),
    // What JSON.stringify writes is well-formed.
    bytes: encodeURIComponent(text).replace(/%../g, ".").length,
  };
}
