/**
 * Connection state recovery: a connection outlives its transport for a while, and goes on over the next one.
 *
 * To the hub nothing happens meanwhile: the connection keeps its id, its rooms and its place among the members. What it
 * is told goes to the log, and from there to the peer when it comes back; if it does not, the connection ends as it
 * would have. The peer proves itself by a secret of its own, and the host is asked as well.
 */
import { randomId } from "../id.ts";
import { Deadlines, type Expiring } from "./engine/deadlines.ts";
import type { PacketLog } from "./packet_log.ts";

/** 144 random bits. */
const PID_LENGTH = 24;

/** A connection that expires when its peer does not come back in time. */
export interface Recoverable extends Expiring {
  readonly namespace: string;
  /** The peer's secret. */
  readonly pid?: string;
  /** Its suspension ends at once, and it with it. */
  giveUp(): void;
}

export class StateRecovery<S extends Recoverable> {
  readonly log: PacketLog;
  readonly #sockets = new Map<string, S>();
  readonly #suspended: Deadlines;
  #stopped = false;

  constructor(log: PacketLog, windowMs: number) {
    this.log = log;
    this.#suspended = new Deadlines(windowMs);
  }

  /** Connections whose peers are away. */
  get size(): number {
    return this.#suspended.size;
  }

  /** A secret by which the socket's peer can come back. */
  issue(socket: S): string {
    const pid = randomId(PID_LENGTH);
    this.#sockets.set(pid, socket);
    return pid;
  }

  find(pid: unknown, namespace: string): S | undefined {
    const socket = typeof pid === "string" ? this.#sockets.get(pid) : undefined;
    return socket?.namespace === namespace ? socket : undefined;
  }

  /** From now on its peer is away. False: nobody can come back any more. */
  suspend(socket: S): boolean {
    if (!this.#stopped) this.#suspended.set(socket);
    return !this.#stopped;
  }

  resumed(socket: S): void {
    this.#suspended.delete(socket);
  }

  /** The server goes away: nobody can come back. */
  stop(): void {
    this.#stopped = true;
    for (const socket of this.#sockets.values()) socket.giveUp();
  }

  /** The socket is closed for good. */
  forget(socket: S): void {
    this.#suspended.delete(socket);
    if (socket.pid !== undefined) this.#sockets.delete(socket.pid);
  }
}
