/**
 * What this node published, until it comes back to it through the channel: then the event at hand is delivered instead of
 * being read from JSON, and its publish settles. Used by the rooms and the publisher.
 */
import { clearInterval, setInterval } from "node:timers";
import type { RoutedEvent } from "../../broker.ts";

/** How long a publish waits for its event, before it fails; looked at twice a second. */
const PATIENCE_MS = 2_000;
const LOOK_MS = 500;

interface Own {
  routed: RoutedEvent;
  isBack: boolean;
  waitsSince: number;
  settle?: (isBack: boolean) => void;
}

export class OwnEvents {
  readonly #byId = new Map<string, Own>();
  readonly #looking: ReturnType<typeof setInterval>;

  constructor() {
    this.#looking = setInterval(() => this.#settleLate(), LOOK_MS);
    this.#looking.unref();
  }

  /** Before it is published. */
  add(routed: RoutedEvent): void {
    this.#byId.set(routed.event.id, { routed, isBack: false, waitsSince: Infinity });
  }

  delete(id: string): void {
    this.#byId.delete(id);
  }

  get(id: string): RoutedEvent | undefined {
    return this.#byId.get(id)?.routed;
  }

  /** It was delivered here. */
  cameBack(id: string): void {
    const own = this.#byId.get(id);
    if (!own) return;
    own.isBack = true;
    own.settle?.(true);
  }

  /** True when it has been delivered here, or is not awaited; false if it is so late that the connection must be away. */
  return(id: string): boolean | Promise<boolean> {
    const own = this.#byId.get(id);
    if (!own || own.isBack) return true;
    own.waitsSince = performance.now();
    return new Promise((resolve) => own.settle = resolve);
  }

  close(): void {
    clearInterval(this.#looking);
  }

  #settleLate(): void {
    const before = performance.now() - PATIENCE_MS;
    for (const { waitsSince, settle } of this.#byId.values()) if (waitsSince < before) settle?.(false);
  }
}
