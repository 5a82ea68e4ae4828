/**
 * The workers of a process whose cluster is elsewhere: they ask each other for their figures over the sequencer, which has
 * nothing else to do then. server.ts makes one for the Redis broker of each worker, so that the figures of the process are
 * there while Redis is not.
 */
import type { LocalNode, NodeStats } from "../../broker.ts";
import type { Log } from "../../log.ts";
import { WorkerLink } from "./link.ts";
import type { Uplink } from "./messages.ts";

export class WorkerPeers {
  readonly #uplink: Uplink;
  readonly #log: Log;
  #link: WorkerLink | undefined;

  constructor(uplink: Uplink, log: Log) {
    this.#uplink = uplink;
    this.#log = log;
  }

  start(node: LocalNode): void {
    const nothing = () => undefined;
    this.#link = new WorkerLink(this.#uplink, {
      node,
      log: this.#log,
      deliver: nothing,
      missed: nothing,
      invalid: nothing,
    });
  }

  /** Of all workers, this one included. Does not fail; one that hangs costs a second and is missing. */
  async stats(): Promise<NodeStats[]> {
    const answers = await this.#link?.ask({ what: "stats" });
    return (answers?.values ?? []) as NodeStats[];
  }

  async close(): Promise<void> {
    await this.#link?.close();
  }
}
