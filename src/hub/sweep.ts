/**
 * Looks for what nothing else reports: typing that has run out, statuses that are due, tokens that have expired, peers that
 * do not read, and connections whose key or whose right to a room was taken back.
 *
 * One timer for all connections, none per connection. Each tick looks at a quarter of them, so that a pass takes a second
 * and no tick holds up the messages for long. Ten thousand idle connections must cost next to nothing, so whether a
 * peer reads, which only the runtime knows, is asked in one pass of four, and in each of those that did not read.
 */
import type { Connection } from "./connection.ts";
import { CLOSE } from "../errors.ts";
import { type Hub, spawn } from "./hub.ts";
import { holdToRules } from "./identity.ts";
import { tellTypingStopped } from "./membership.ts";
import { announceStatus, tellMembers } from "./status.ts";

const TICK_MS = 250;
const TICKS_PER_PASS = 4;
const PASSES_PER_BACKLOG = 4;

const EXPIRED = { message: "Token expired: send a fresh one before the next time", reason: "Token expired" };
const WITHDRAWN = { message: "Token expired: its key was withdrawn, get a new one", reason: "Key withdrawn" };

export class Sweep {
  readonly #hub: Hub;
  readonly #timer: ReturnType<typeof setInterval>;
  #rest?: Iterator<Connection>;
  #passes = 0;

  constructor(hub: Hub) {
    this.#hub = hub;
    this.#timer = setInterval(() => this.#tick(performance.now()), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(nowMs: number): void {
    const hub = this.#hub;
    for (const { connection, room } of hub.typing.takeExpired(nowMs)) {
      tellTypingStopped(hub, connection.memberIn(room), room);
    }
    for (const connection of hub.statusThrottle.takeDue(nowMs)) {
      spawn(hub, "Announcing a status", announceStatus(hub, connection));
    }
    for (const room of hub.views.takeDue(nowMs)) {
      spawn(hub, "Telling a room who is in", tellMembers(hub, room));
    }
    const share = Math.ceil(hub.connections.size / TICKS_PER_PASS);
    for (let looked = 0; looked < share; looked++) {
      // A map's iterator lives on while connections come and go.
      this.#rest ??= hub.connections.values();
      const next = this.#rest.next();
      if (!next.done) this.#look(next.value, nowMs);
      else {
        this.#rest = undefined;
        this.#passes++;
      }
    }
  }

  #look(connection: Connection, nowMs: number): void {
    const { identity, deadline } = connection;
    if (!connection.isOpen) return;
    // Whether a token that came in time is good is known a moment later.
    if (!connection.isAuthenticating) {
      if (identity?.expiresAtMs !== undefined && identity.expiresAtMs <= Date.now()) {
        return this.#end(connection, EXPIRED);
      }
      if (identity && !this.#hub.verifier.stands(identity)) return this.#end(connection, WITHDRAWN);
      if (deadline && deadline.byMs <= nowMs) return this.#timeOut(connection);
    }
    if (connection.heldToRules !== this.#hub.rules.version) {
      spawn(this.#hub, "Removing from rooms by new rules", holdToRules(this.#hub, connection));
    }
    if (connection.stalledSince > 0 || this.#passes % PASSES_PER_BACKLOG === 0) this.#lookForBacklog(connection, nowMs);
  }

  #lookForBacklog(connection: Connection, nowMs: number): void {
    if (connection.socket.bufferedBytes === 0) connection.stalledSince = 0;
    else if (connection.stalledSince === 0) connection.stalledSince = nowMs;
    else if (nowMs - connection.stalledSince >= this.#hub.config.websocketWriteWaitMs) {
      connection.isOpen = false;
      connection.socket.abandon(CLOSE.slowConsumer, "Slow consumer");
    }
  }

  /** Its token is not good any more. */
  #end(connection: Connection, { message, reason }: typeof EXPIRED): void {
    this.#hub.reply(connection, { kind: "error", code: "token_expired", message });
    this.#hub.disconnect(connection, CLOSE.tokenExpired, reason);
  }

  #timeOut(connection: Connection): void {
    const message = "Cannot serve the connection: it did not authenticate in time";
    this.#hub.reply(connection, { kind: "error", code: "unauthorized", message, of: "authenticate", timedOut: true });
    this.#hub.disconnect(connection, CLOSE.policy, "Authentication timeout");
  }
}
