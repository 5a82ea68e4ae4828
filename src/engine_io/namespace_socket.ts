/**
 * One joined namespace of one session: what the hub takes for a socket.
 *
 * Its topics are those of the session's WebSocket, so that one native publish serves all; while the session polls, they
 * stand in the engine's registry of sockets that are served one by one. Its frames go where the session's go.
 */
import { CLOSE, ParleyError } from "../errors.ts";
import type { Frame } from "../message.ts";
import type { Socket } from "../adapter.ts";
import { encodeDisconnect, encodeEvent } from "./codec.ts";
import type { EventSocket } from "./host.ts";
import type { Session } from "./session.ts";

interface Question {
  resolve(args: unknown[]): void;
  reject(error: ParleyError): void;
  timer: ReturnType<typeof setTimeout>;
}

export class NamespaceSocket implements EventSocket {
  context: unknown;
  readonly namespace: string;
  /** Few, and none is asked for often, so an array. */
  readonly #topics: string[] = [];
  readonly #session: Session;
  #isOpen = true;
  #questions?: Map<number, Question>;
  #asked = 0;

  constructor(session: Session, namespace: string, context: unknown) {
    this.#session = session;
    this.namespace = namespace;
    this.context = context;
  }

  get transport(): "polling" | "websocket" {
    return this.#session.polling ? "polling" : "websocket";
  }

  /** The adapter's socket whose topics serve it, if one does. */
  get native(): Socket | undefined {
    return this.#session.native;
  }

  get bufferedBytes(): number {
    return this.#session.bufferedBytes;
  }

  send(frame: Frame): boolean {
    return this.#isOpen && this.#session.send(frame);
  }

  subscribe(topic: string): void {
    if (!this.#isOpen || this.#topics.includes(topic)) return;
    this.#topics.push(topic);
    if (this.native) this.native.subscribe(topic);
    else this.#session.engine.apart.subscribe(this, topic);
  }

  unsubscribe(topic: string): void {
    const at = this.#topics.indexOf(topic);
    if (at < 0) return;
    this.#topics.splice(at, 1);
    if (this.native) this.native.unsubscribe(topic);
    else this.#session.engine.apart.unsubscribe(this, topic);
  }

  /** The session has got its WebSocket. */
  moveToNativeTopics(native: Socket): void {
    this.#session.engine.apart.leave(this);
    for (const topic of this.#topics) native.subscribe(topic);
  }

  /** A kick is final for the peer's library: DISCONNECT keeps it from coming back. Everything else it takes for a fault. */
  close(code: number, reason: string): void {
    if (!this.#isOpen) return;
    if (code === CLOSE.kicked) this.send(encodeDisconnect(this.namespace));
    this.#session.close(code, reason);
  }

  abandon(code: number, reason: string): void {
    if (this.#isOpen) this.#session.abandon(code, reason);
  }

  ask(name: string, args: unknown[], timeoutMs: number): Promise<unknown[]> {
    const id = this.#asked++;
    const what = `Cannot get an answer to event "${name}"`;
    return new Promise((resolve, reject) => {
      for (const frame of encodeEvent(this.namespace, [name, ...args], id)) {
        if (!this.send(frame)) throw new ParleyError("unavailable", `${what}: the connection is closed`);
      }
      const timer = setTimeout(() => {
        this.#questions?.delete(id);
        reject(new ParleyError("unavailable", `${what}: none came within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#questions ??= new Map();
      this.#questions.set(id, { resolve, reject, timer });
    });
  }

  /** The peer's acknowledgement; one that nobody waits for, or no longer, is nothing. */
  answered(id: number, args: unknown[]): void {
    const question = this.#questions?.get(id);
    if (!question) return;
    this.#questions?.delete(id);
    clearTimeout(question.timer);
    question.resolve(args);
  }

  /** Leaves all topics; what was asked is not answered any more. */
  end(): void {
    this.#isOpen = false;
    this.#session.engine.apart.leave(this);
    for (const topic of this.#topics) this.native?.unsubscribe(topic);
    this.#topics.length = 0;
    if (!this.#questions) return;
    for (const { reject, timer } of this.#questions.values()) {
      clearTimeout(timer);
      reject(new ParleyError("unavailable", "Cannot get an answer: the connection has closed"));
    }
    this.#questions = undefined;
  }
}
