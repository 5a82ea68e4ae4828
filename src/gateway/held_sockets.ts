/**
 * Counts what a runtime cannot let go of: a socket that is over, but whose peer reads nothing or does not agree to the
 * close, costs as much as a connection, so it takes the place of one until the runtime reports its end.
 *
 * Stands between the adapter and the transports; to them such a socket has closed.
 */
import type { Peer, Socket, SocketHandler, UpgradeGrant } from "../adapter.ts";
import type { Admission } from "./admission.ts";
import { after, type MaybePromise } from "../maybe.ts";
import type { Frame } from "../message.ts";

type Places = Pick<Admission, "addressOf" | "enter" | "leave">;

export class HeldSockets implements SocketHandler {
  readonly #inner: SocketHandler;
  readonly #admission: Places;

  constructor(inner: SocketHandler, admission: Places) {
    this.#inner = inner;
    this.#admission = admission;
  }

  fetch(request: Request, peer: Peer): MaybePromise<Response> {
    return this.#inner.fetch(request, peer);
  }

  upgrade(request: Request, peer: Peer): MaybePromise<Response | UpgradeGrant> {
    return after(this.#inner.upgrade(request, peer), (answer) => {
      if (answer instanceof Response || answer.address !== undefined) return answer;
      return { ...answer, address: this.#admission.addressOf(request.headers, peer) };
    });
  }

  open(socket: Socket): void {
    this.#inner.open(socket);
  }

  message(socket: Socket, frame: Frame): void {
    this.#inner.message(socket, frame);
  }

  close(socket: Socket, code: number, reason: string): void {
    this.#inner.close(socket, code, reason);
  }

  held(socket: Socket, address: string): void {
    this.#admission.enter(address);
    this.#inner.held?.(socket, address);
  }

  released(socket: Socket, address: string): void {
    this.#admission.leave(address);
    this.#inner.released?.(socket, address);
  }
}
