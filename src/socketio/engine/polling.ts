/**
 * HTTP long-polling as the way in and out of a session, until it upgrades or ends.
 *
 * Frames wait here for a GET; a waiting GET is answered with all frames of the turn. One GET and one POST at a time:
 * more mean that somebody else has the session's id, or that the peer is broken, and end the session.
 */
import { CLOSE } from "../../errors.ts";
import type { Frame } from "../../message.ts";
import { type HttpAnswer, REFUSAL } from "./answer.ts";
import { asPayload, CLOSE_PACKET, NOOP } from "./codec.ts";
import { readText } from "./request.ts";
import type { FrameSink } from "./socket_role.ts";

/** What the polling needs of its session. */
export interface PollingOwner {
  receivePayload(payload: string): void;
  /** The peer sent what cannot be accepted. */
  idle(): void;
  /** The peer is at fault. */
  fail(reason: string): void;
  /** The peer is gone. */
  lost(reason: string): void;
  /** It buffers more than it may. */
  stall(): void;
  /** So many bytes wait, and no poll does; 0: none any more. */
  buffered(bytes: number): void;
  /** The peer has been told the end. */
  closingDelivered(): void;
}

export interface PollingLimits {
  maxPayloadBytes: number;
  maxBufferedBytes: number;
}

/** A GET that waits. */
class Poll {
  readonly #answer: HttpAnswer;
  readonly #resolve: (response: Response) => void;
  readonly #signal: AbortSignal;
  readonly #aborted: () => void;

  constructor({ answer, signal }: PollRequest, resolve: (response: Response) => void, aborted: (poll: Poll) => void) {
    this.#answer = answer;
    this.#resolve = resolve;
    this.#signal = signal;
    this.#aborted = () => aborted(this);
    signal.addEventListener("abort", this.#aborted);
  }

  reply(payload: string): void {
    // Deno fires the signal after a served answer, too, and warns of it where somebody listens.
    this.#signal.removeEventListener("abort", this.#aborted);
    this.#resolve(this.#answer.payload(payload));
  }
}

/** A GET: how to answer it, and what fires when its peer goes away. */
export interface PollRequest {
  answer: HttpAnswer;
  signal: AbortSignal;
}

export class Polling implements FrameSink {
  bufferedBytes = 0;
  /** A WebSocket is about to take over: polls are answered at once, so that the peer can pause them. */
  probed = false;
  readonly #owner: PollingOwner;
  readonly #limits: PollingLimits;
  #frames: Frame[] = [];
  #poll?: Poll;
  #posting?: AbortController;
  #closed = false;
  #isBuffering = false;

  constructor(owner: PollingOwner, limits: PollingLimits) {
    this.#owner = owner;
    this.#limits = limits;
  }

  send(frame: Frame): boolean {
    if (this.#closed) return false;
    const bytes = typeof frame === "string" ? frame.length : frame.byteLength;
    if (this.bufferedBytes + bytes > this.#limits.maxBufferedBytes) {
      this.#owner.stall();
      return false;
    }
    this.bufferedBytes += bytes;
    // One answer for all that this turn has to say.
    if (this.#frames.push(frame) === 1 && this.#poll) queueMicrotask(() => this.#flush());
    if (!this.#poll) this.#tellBuffered(this.bufferedBytes);
    return true;
  }

  get(request: PollRequest): Response | Promise<Response> {
    const { answer } = request;
    if (this.#closed) return answer.payload(this.#lastPayload());
    if (this.#poll) {
      this.#takePoll()?.reply(CLOSE_PACKET);
      this.#owner.fail("overlapping polls");
      return answer.refused(REFUSAL.badRequest);
    }
    if (this.#frames.length > 0) return answer.payload(asPayload(this.drain()));
    if (this.probed) return answer.payload(NOOP);
    return new Promise((resolve) => {
      this.#poll = new Poll(request, resolve, (poll) => {
        if (this.#poll === poll) this.#owner.lost("a poll was aborted");
      });
    });
  }

  async post(request: Request, answer: HttpAnswer): Promise<Response> {
    if (this.#posting || request.headers.get("content-type") === "application/octet-stream") {
      this.#owner.fail(this.#posting ? "overlapping posts" : "binary post");
      return answer.refused(REFUSAL.badRequest);
    }
    const posting = this.#posting = new AbortController();
    const body = await readText(request, this.#limits.maxPayloadBytes, posting.signal);
    this.#posting = undefined;
    if (body.kind === "too_large") {
      this.#owner.idle();
      return answer.tooLarge();
    }
    if (body.kind === "broken") {
      this.#owner.lost("broken post");
      return answer.refused(REFUSAL.badRequest);
    }
    if (!this.#closed) this.#owner.receivePayload(body.text);
    else if (body.text === CLOSE_PACKET) this.#owner.closingDelivered();
    return answer.accepted();
  }

  /** Lets the peer pause its polls. */
  release(): void {
    if (this.#poll && this.#frames.length === 0) this.#frames.push(NOOP);
    this.#flush();
  }

  /** The frames that wait, for whoever takes over. */
  drain(): Frame[] {
    const frames = this.#frames;
    this.#frames = [];
    this.bufferedBytes = 0;
    if (this.#isBuffering) this.#tellBuffered(0);
    return frames;
  }

  #tellBuffered(bytes: number): void {
    this.#isBuffering = bytes > 0;
    this.#owner.buffered(bytes);
  }

  /** What still waits goes first; the next poll after it is told the end. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#takePoll()?.reply(this.#lastPayload());
  }

  /** Nothing more is sent, and a waiting poll is freed: with the end, or with a noop where the peer itself ended it. */
  abandon(code: number): void {
    this.#closed = true;
    this.drain();
    this.#posting?.abort();
    this.#takePoll()?.reply(code === CLOSE.normal ? NOOP : CLOSE_PACKET);
  }

  /** Never both at once: clients take a close in at once, and packets before it only a moment later. */
  #lastPayload(): string {
    if (this.#frames.length > 0) return asPayload(this.drain());
    this.#owner.closingDelivered();
    return CLOSE_PACKET;
  }

  #flush(): void {
    if (this.#poll && this.#frames.length > 0) this.#takePoll()?.reply(asPayload(this.drain()));
  }

  #takePoll(): Poll | undefined {
    const poll = this.#poll;
    this.#poll = undefined;
    return poll;
  }
}
