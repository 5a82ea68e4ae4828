/**
 * What all sessions of one EngineServer share: settings, host, the registry of sessions, and every deadline.
 *
 * One timer per kind of deadline, whatever the number of sessions; a closed session is in none of these.
 */
import type { Topics } from "../../adapters/topics.ts";
import { PacketReader } from "../codec.ts";
import type { WorkerForwarding } from "./forwarding.ts";
import { Deadlines } from "./deadlines.ts";
import type { FanoutState } from "../fanout.ts";
import type { ConnectionHost } from "./host.ts";
import type { Namespaces } from "../namespaces.ts";
import type { NamespaceSocket } from "../namespace_socket.ts";
import type { EngineIoOptions } from "./options.ts";
import type { Probe } from "./probe.ts";
import { StateRecovery } from "../recovery.ts";
import type { Session } from "./session.ts";

/** How long a closed polling session waits for a poll to take its last packets. */
const FAREWELL_MS = 30_000;
/** How long a stop waits for peers in the middle of an upgrade: one round trip, for those who are alive. */
const STOP_GRACE_MS = 1_000;
const POLL_MS = 10;

export class Engine {
  readonly options: EngineIoOptions;
  readonly host: ConnectionHost;
  readonly reader = new PacketReader();
  /** By session id; also those that only wait for their closing. */
  readonly sessions = new Map<string, Session>();
  /** Sockets that native topics cannot reach: those that poll, and those that want everything as text. */
  readonly apart: Topics<NamespaceSocket>;
  /** Absent: connections end with their transport. */
  readonly recovery?: StateRecovery;
  /** With other workers on the same port. */
  forwarding?: WorkerForwarding;

  readonly pings: Deadlines<Session>;
  readonly pongs: Deadlines<Session>;
  readonly connects: Deadlines<Session>;
  readonly farewells: Deadlines<Session>;
  readonly upgrades: Deadlines<Probe>;
  /** Unfinished binary packets: as long as for a pong from one attachment to the next. */
  readonly assemblies: Deadlines<Namespaces>;

  constructor(options: EngineIoOptions, host: ConnectionHost, { apart, log }: FanoutState) {
    this.options = options;
    this.host = host;
    this.apart = apart;
    if (options.recovery && log) this.recovery = new StateRecovery(log, options.recovery.windowMs);
    this.pings = new Deadlines(options.pingIntervalMs, (session, dueAt) => session.ping(dueAt));
    this.pongs = new Deadlines(options.pingTimeoutMs, (session) => session.pingTimedOut());
    this.connects = new Deadlines(
      options.connectTimeoutMs,
      (session) => session.fail("no namespace was joined in time"),
    );
    this.farewells = new Deadlines(FAREWELL_MS, (session) => session.farewellTimedOut());
    this.upgrades = new Deadlines(options.upgradeTimeoutMs, (probe) => probe.abort("not upgraded in time"));
    this.assemblies = new Deadlines(options.pingTimeoutMs, (namespaces) => namespaces.assemblyTimedOut());
  }

  /** Deadlines that are set, of all kinds. */
  get deadlines(): number {
    const { pings, pongs, connects, farewells, upgrades, assemblies } = this;
    const parked = this.recovery?.size ?? 0;
    return pings.size + pongs.size + connects.size + farewells.size + upgrades.size + assemblies.size + parked;
  }

  /** Ends what is due at this very moment, so that a request sees the truth and not the timer's lateness. */
  sweep(): void {
    this.pings.sweep();
    this.pongs.sweep();
  }

  /** Resolves when peers in the middle of an upgrade have finished it, and were told. */
  async stop(): Promise<void> {
    this.recovery?.stop();
    for (const session of [...this.sessions.values()]) session.close(1001, "server shutting down");
    const endsAt = performance.now() + STOP_GRACE_MS;
    while (this.upgrades.size > 0 && performance.now() < endsAt) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    for (const each of [this.pings, this.pongs, this.connects, this.farewells, this.upgrades, this.assemblies]) {
      each.clear();
    }
    this.sessions.clear();
  }
}
