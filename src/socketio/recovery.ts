/**
 * Connection state recovery: a connection outlives its transport for a while, and goes on over the next one.
 *
 * To the hub nothing happens meanwhile: the connection keeps its id, its rooms and its place among the members. What it
 * is told goes to the log, and from there to the peer when it comes back; if it does not, the connection ends as it
 * would have. The peer proves itself by a secret of its own, and the host is asked as well.
 */
import { randomId } from "../id.ts";
import { Deadlines } from "./engine/deadlines.ts";
import type { NamespaceSocket } from "./namespace_socket.ts";
import type { PacketLog } from "./packet_log.ts";

/** 144 random bits. */
const PID_LENGTH = 24;

export class StateRecovery {
  readonly log: PacketLog;
  readonly #sockets = new Map<string, NamespaceSocket>();
  readonly #parked: Deadlines<NamespaceSocket>;
  #stopped = false;

  constructor(log: PacketLog, windowMs: number) {
    this.log = log;
    this.#parked = new Deadlines(windowMs, (socket) => socket.giveUp());
  }

  /** Connections whose peers are away. */
  get size(): number {
    return this.#parked.size;
  }

  /** A secret by which the socket's peer can come back. */
  issue(socket: NamespaceSocket): string {
    const pid = randomId(PID_LENGTH);
    this.#sockets.set(pid, socket);
    return pid;
  }

  find(pid: unknown, namespace: string): NamespaceSocket | undefined {
    const socket = typeof pid === "string" ? this.#sockets.get(pid) : undefined;
    return socket?.namespace === namespace ? socket : undefined;
  }

  /** False: nobody can come back any more. */
  park(socket: NamespaceSocket): boolean {
    if (!this.#stopped) this.#parked.set(socket);
    return !this.#stopped;
  }

  unpark(socket: NamespaceSocket): void {
    this.#parked.delete(socket);
  }

  /** The server goes away: who waits has waited in vain. */
  stop(): void {
    this.#stopped = true;
    for (const socket of this.#sockets.values()) socket.giveUp();
  }

  /** The socket is closed for good. */
  forget(socket: NamespaceSocket): void {
    this.#parked.delete(socket);
    if (socket.pid !== undefined) this.#sockets.delete(socket.pid);
  }
}
