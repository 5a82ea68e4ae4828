/**
 * What this node published, until it comes back to it through the channel: then the event at hand is delivered instead of
 * being read from JSON, and its publish settles.
 */
import { clearInterval, setInterval } from "node:timers";
import type { RoutedEvent } from "../../broker.ts";

/** How long a publish waits for its event, before it fails; looked at twice a second. */
const PATIENCE_MS = 2_000;
const LOOK_MS = 500;

/**
 * What became of it here: delivered; covered by a reset, or by a position that somebody was told; or late, so that the
 * connection must be away.
 */
export type Return = "delivered" | "covered" | "late";

/** One publish, while it waits for its event. */
export interface Own {
  readonly key: string;
  readonly routed: RoutedEvent;
  isBack?: Return;
  waitsSince: number;
  settle?: (isBack: Return) => void;
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
    const own: Own = { key, routed, waitsSince: Infinity };
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

  cameBack(room: string, id: string, how: Exclude<Return, "late">): void {
    const own = this.#byKey.get(keyOf(room, id));
    if (!own || own.isBack) return;
    own.isBack = how;
    own.settle?.(how);
  }

  return(own: Own): Return | Promise<Return> {
    if (own.isBack) return own.isBack;
    own.waitsSince = performance.now();
    return new Promise((resolve) => own.settle = resolve);
  }

  close(): void {
    clearInterval(this.#looking);
  }

  #settleLate(): void {
    const before = performance.now() - PATIENCE_MS;
    for (const { waitsSince, settle } of this.#byKey.values()) if (waitsSince < before) settle?.("late");
  }
}

/** A backend may give one id to messages of several rooms. */
function keyOf(room: string, id: string): string {
  return `${room}\n${id}`;
}
