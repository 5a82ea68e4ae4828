/**
 * A WebSocket that has been admitted and begins a session as soon as it is open.
 */
import type { Socket } from "../../adapter.ts";
import { SocketRole } from "./endpoint.ts";
import type { Engine } from "./engine.ts";
import { Session } from "./session.ts";

export class Handshake extends SocketRole {
  readonly #engine: Engine;
  readonly #visitor: unknown;
  readonly #textOnly: boolean;

  constructor(engine: Engine, visitor: unknown, textOnly: boolean) {
    super();
    this.#engine = engine;
    this.#visitor = visitor;
    this.#textOnly = textOnly;
  }

  opened(socket: Socket): void {
    const session = new Session(this.#engine, this.#visitor);
    session.attach(socket, this.#textOnly);
    session.send(session.greeting([]));
  }

  received(): void {}

  closed(): void {}
}
