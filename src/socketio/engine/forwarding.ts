/**
 * Between workers that share a port: the kernel deals out connections among them, so the polls, posts and upgrades of one
 * session arrive at any of them. A worker that gets one which is not its own forwards it to the worker that has the
 * session, over a port of the loopback that the session's id names.
 */
import type { Frame } from "../../message.ts";
import type { Socket } from "../../adapter.ts";
import { CLOSE } from "../../errors.ts";
import { type HttpAnswer, REFUSAL } from "./answer.ts";
import { requestOverLoopback } from "./loopback.ts";
import { type EngineRequest, readText } from "./request.ts";
import { SocketRole } from "./socket_role.ts";

/** What the owner needs of a request's headers: CORS is the answering worker's. */
const CARRIED = ["host", "origin", "content-type"];

/** Where to. */
export interface SessionOwner {
  port: number;
  maxPayloadBytes: number;
}

/** A poll or a post of a session that another worker has. Never rejects. */
export async function forward(
  { request, url }: EngineRequest,
  answer: HttpAnswer,
  { port, maxPayloadBytes }: SessionOwner,
): Promise<Response> {
  const { method, signal } = request;
  const headers = CARRIED.flatMap((name) => {
    const value = request.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  const body = await readText(request, maxPayloadBytes, signal);
  if (body.kind === "too_large") return answer.tooLarge();
  const text = body.kind === "text" ? body.text : "";
  const forwarded = { port, method, path: url.pathname + url.search, headers, body: text, signal };
  // Its worker is gone, and the session with it.
  return await requestOverLoopback(forwarded) ?? answer.refused(REFUSAL.sessionUnknown);
}

/** A peer's WebSocket, joined with one to the worker that has its session. */
export class ForwardedSocket extends SocketRole {
  readonly #url: string;
  readonly #maxWaitingBytes: number;
  #target?: WebSocket;
  /** What the peer said before the target was open. */
  #waiting: Frame[] = [];
  #waitingBytes = 0;

  constructor({ pathname, search }: URL, { port, maxPayloadBytes }: SessionOwner) {
    super();
    this.#url = `ws://127.0.0.1:${port}${pathname}${search}`;
    this.#maxWaitingBytes = maxPayloadBytes;
  }

  opened(socket: Socket): void {
    const target = new WebSocket(this.#url);
    this.#target = target;
    target.binaryType = "arraybuffer";
    target.onopen = () => {
      for (const frame of this.#waiting) target.send(frame as string);
      this.#waiting = [];
    };
    target.onmessage = ({ data }) => void socket.send(typeof data === "string" ? data : new Uint8Array(data));
    target.onclose = ({ code, reason }) => {
      if (isSendable(code)) socket.close(code, reason);
      else socket.close(CLOSE.goingAway, "");
    };
  }

  received(frame: Frame): void {
    if (this.#target?.readyState === WebSocket.OPEN) return this.#target.send(frame as string);
    this.#waitingBytes += frame.length;
    if (this.#waitingBytes <= this.#maxWaitingBytes) this.#waiting.push(frame);
    else this.#target?.close();
  }

  closed(): void {
    this.#target?.close();
  }
}

/** Whether a code may stand in a close frame: 1005 and 1006 only say that there was none. */
function isSendable(code: number): boolean {
  return code >= 1000 && code !== 1005 && code !== 1006 && code !== 1015;
}
