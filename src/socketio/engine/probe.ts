/**
 * A WebSocket that wants to take over a polling session: `2probe` → `3probe`, then `5` and it is the session's socket.
 *
 * Until the `5` the session goes on polling, so a probe that fails, is abandoned or replaced by a newer one costs
 * nothing but itself. Once it was answered the server does not close it by itself: socket.io-client would by then have
 * paused its polls, and hang, believing that it is connected, until its own ping timeout.
 */
import type { Socket } from "../../adapter.ts";
import { CLOSE } from "../../errors.ts";
import type { Frame } from "../../message.ts";
import type { Expiring } from "./deadlines.ts";
import type { Session, Upgrade } from "./session.ts";
import { SocketRole } from "./socket_role.ts";

const PROBE = "2probe";
const PROBE_ANSWER = "3probe";
const UPGRADE = "5";

export class Probe extends SocketRole implements Upgrade, Expiring {
  readonly #session: Session;
  readonly #textOnly: boolean;
  #socket?: Socket;
  #answered = false;

  constructor(session: Session, textOnly: boolean) {
    super();
    this.#session = session;
    this.#textOnly = textOnly;
  }

  get answered(): boolean {
    return this.#answered;
  }

  /** A session that has a WebSocket already accepts no second one; the peer's library expects a close, not a 400. */
  opened(socket: Socket): void {
    this.#socket = socket;
    const session = this.#session;
    if (session.hasEnded || !session.polling) return socket.close(CLOSE.normal, "already upgraded");
    session.probe?.abort("another probe came");
    session.probe = this;
    session.context.deadlines.upgrades.set(this);
  }

  received(frame: Frame): void {
    const { polling, probe } = this.#session;
    if (probe !== this || !polling || !this.#socket) return;
    if (frame === PROBE) {
      this.#answered = true;
      this.#socket.send(PROBE_ANSWER);
      polling.probed = true;
      polling.release();
    } else if (frame === UPGRADE && this.#answered) {
      this.#session.context.deadlines.upgrades.delete(this);
      this.#session.attach(this.#socket, this.#textOnly);
    } else {
      this.abort("invalid probe");
    }
  }

  closed(): void {
    this.#withdraw();
  }

  expired(): void {
    this.abort("not upgraded in time");
  }

  abort(reason: string): void {
    this.#withdraw();
    this.#socket?.close(CLOSE.normal, reason);
  }

  #withdraw(): void {
    const session = this.#session;
    session.context.deadlines.upgrades.delete(this);
    if (session.probe !== this) return;
    session.probe = undefined;
    if (session.polling) session.polling.probed = false;
  }
}
