/**
 * What this node published, until it comes back to it through the channel: then the event at hand is delivered instead of
 * being read from JSON, and its publish settles. Used by the rooms and the publisher.
 */
import { clearInterval, setInterval } from "node:timers";
import type { RoutedEvent } from "../../broker.ts";

/** How long a publish waits for its event, before it fails; looked at twice a second. */
const PATIENCE_MS = 2_000;
const LOOK_MS = 500;

/** One publish, while it waits for its event. */
export interface Own {
  readonly key: string;
  readonly routed: RoutedEvent;
  isBack: boolean;
  waitsSince: number;
  settle?: (isBack: boolean) => void;
}

export class OwnEvents {
  readonly #byKey = new Map<string, Own>();
  readonly #looking: ReturnType<typeof setInterval>;

  constructor() {
    this.#looking = setInterval(() => this.#settleLate(), LOOK_MS);
    this.#looking.unref();
  }

  /**
   * Before it is published. Undefined if its id is on its way in this room already, as a backend's own may be: it is then
   * read from JSON, and not waited for.
   */
  add(routed: RoutedEvent): Own | undefined {
    const key = keyOf(routed.room, routed.event.id);
    if (this.#byKey.has(key)) return undefined;
    const own = { key, routed, isBack: false, waitsSince: Infinity };
    this.#byKey.set(key, own);
    return own;
  }

  delete({ key }: Own): void {
    this.#byKey.delete(key);
  }

  get(room: string, id: string): RoutedEvent | undefined {
    const own = this.#byKey.get(keyOf(room, id));
    return own?.isBack ? undefined : own?.routed;
  }

  /** It was delivered here. */
  cameBack(room: string, id: string): void {
    const own = this.#byKey.get(keyOf(room, id));
    if (!own) return;
    own.isBack = true;
    own.settle?.(true);
  }

  /** True when it has been delivered here; false if it is so late that the connection must be away. */
  return(own: Own): boolean | Promise<boolean> {
    if (own.isBack) return true;
    own.waitsSince = performance.now();
    return new Promise((resolve) => own.settle = resolve);
  }

  close(): void {
    clearInterval(this.#looking);
  }

  #settleLate(): void {
    const before = performance.now() - PATIENCE_MS;
    for (const { waitsSince, settle } of this.#byKey.values()) if (waitsSince < before) settle?.(false);
  }
}

/** A backend may give one id to messages of several rooms. */
function keyOf(room: string, id: string): string {
  return `${room}\n${id}`;
}
