/**
 * Between workers that share a port: the kernel deals out connections among them, so the polls, posts and upgrades of one
 * session arrive at any of them. Whoever gets one that is not its own hands it to the worker that has the session.
 *
 * A session's id says where it lives: the port on the loopback where its worker takes such visits, signed with a secret
 * of the workers, so that nobody can send a worker to a port of their choice.
 */
import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Frame } from "../../message.ts";
import type { Socket } from "../../adapter.ts";
import { CLOSE } from "../../errors.ts";
import { type HttpAnswer, REFUSAL } from "./answer.ts";
import { SocketRole } from "./endpoint.ts";
import { requestOverLoopback } from "./loopback.ts";
import { readText } from "./request_body.ts";

/** 132 bits of the signature. */
const SIGNATURE_LENGTH = 22;
/** What a forwarded request needs of the request: CORS is the answering worker's. */
const CARRIED = ["host", "origin", "content-type"];

export interface ForwardingOptions {
  /** On the loopback, of this worker alone. */
  port: number;
  /** Shared by the workers, and by nobody else. */
  secret: string;
  maxPayloadBytes: number;
}

export class WorkerForwarding {
  readonly #options: ForwardingOptions;

  constructor(options: ForwardingOptions) {
    this.#options = options;
  }

  /** A session id that says it is this worker's; `id` makes it unguessable. */
  idOf(id: string): string {
    const head = `${this.#options.port}.${id}`;
    return `${head}.${this.#sign(head)}`;
  }

  /** The port of the other worker that has the session; undefined: it is our own, or no worker's. */
  portOfOwner(sid: string): number | undefined {
    const [port, id, signature, ...more] = sid.split(".");
    if (signature === undefined || more.length > 0) return undefined;
    if (!isSame(signature, this.#sign(`${port}.${id}`))) return undefined;
    return Number(port) === this.#options.port ? undefined : Number(port);
  }

  /** A poll or a post of a session elsewhere. Never rejects. */
  async forward(request: Request, answer: HttpAnswer, port: number): Promise<Response> {
    const { method, signal } = request;
    const { pathname, search } = new URL(request.url);
    const headers = CARRIED.flatMap((name) => {
      const value = request.headers.get(name);
      return value === null ? [] : [[name, value] as const];
    });
    const body = await readText(request, this.#options.maxPayloadBytes, signal);
    if (body.kind === "too_large") return answer.tooLarge();
    const text = body.kind === "text" ? body.text : "";
    const forwarded = { port, method, path: pathname + search, headers, body: text, signal };
    // Its worker is gone, and the session with it.
    return await requestOverLoopback(forwarded) ?? answer.refused(REFUSAL.sessionUnknown);
  }

  /** An upgrade of a session elsewhere. */
  forwardSocket(request: Request, port: number): SocketRole {
    const { pathname, search } = new URL(request.url);
    return new Pipe(`ws://127.0.0.1:${port}${pathname}${search}`, this.#options.maxPayloadBytes);
  }

  #sign(text: string): string {
    return createHmac("sha256", this.#options.secret).update(text).digest("base64url").slice(0, SIGNATURE_LENGTH);
  }
}

/** Joins a peer's WebSocket with one to the worker that has its session. */
class Pipe extends SocketRole {
  readonly #url: string;
  readonly #maxWaiting: number;
  #far?: WebSocket;
  /** What the peer said before the far side was open. */
  #waiting: Frame[] = [];
  #waitingBytes = 0;

  constructor(url: string, maxWaitingBytes: number) {
    super();
    this.#url = url;
    this.#maxWaiting = maxWaitingBytes;
  }

  opened(near: Socket): void {
    const far = new WebSocket(this.#url);
    this.#far = far;
    far.binaryType = "arraybuffer";
    far.onopen = () => {
      for (const frame of this.#waiting) far.send(frame as string);
      this.#waiting = [];
    };
    far.onmessage = ({ data }) => void near.send(typeof data === "string" ? data : new Uint8Array(data));
    far.onclose = ({ code, reason }) => isSpoken(code) ? near.close(code, reason) : near.close(CLOSE.goingAway, "");
  }

  received(frame: Frame): void {
    if (this.#far?.readyState === WebSocket.OPEN) return this.#far.send(frame as string);
    this.#waitingBytes += frame.length;
    if (this.#waitingBytes <= this.#maxWaiting) this.#waiting.push(frame);
    else this.#far?.close();
  }

  closed(): void {
    this.#far?.close();
  }
}

/** In a time that does not tell how much of it is right. */
function isSame(given: string, right: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Whether a code may stand in a close frame: 1005 and 1006 only say that there was none. */
function isSpoken(code: number): boolean {
  return code >= 1000 && code !== 1005 && code !== 1006 && code !== 1015;
}
