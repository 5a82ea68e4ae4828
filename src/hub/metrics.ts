/**
 * Every figure of a node, one line each in `Stats`: its Prometheus name, help and value. /metrics shows them in this order,
 * /status some of them; a new one is a line here, and wherever it counts.
 *
 * The figures of several workers add up by name. Counting is an addition or one map write, and no label may name a room,
 * a user or an address.
 */
import type { RoomKind } from "../room_name.ts";

/** What a node has at the moment: figures that are looked up when somebody asks. */
export interface Inventory {
  connections: number;
  connectionsByDialect: Record<string, number>;
  zombies: number;
  unsentBytes: number;
}

export class Stats {
  /** Rooms that have members. */
  #rooms = 0;
  /** When the last connection was accepted, in ms since 1970. */
  lastConnectionAt = 0;
  readonly connections = new Gauge("parley_connections", "Open connections", (now) => now.connections);
  readonly dialectConnections = new LabelledGauge(
    ["parley_dialect_connections", "dialect"],
    "Open connections by dialect; undecided: not one frame has told yet",
    (now) => now.connectionsByDialect,
  );
  readonly connectionsOpened = new Counter("parley_connections_opened_total", "Connections that were accepted");
  readonly lastConnection = new Moment(
    "parley_last_connection_timestamp_seconds",
    "When the last connection was accepted, since 1970",
    () => this.lastConnectionAt / 1000,
  );
  readonly connectionSeconds = new Histogram(
    "parley_connection_duration_seconds",
    "How long connections that have ended had lasted",
    [1, 10, 60, 300, 1800, 3600, 21600, 86400],
  );
  readonly closes = new LabelledCounter(["parley_closes_total", "code"], "Connections that have ended, by close code");
  readonly refused = new LabelledCounter(["parley_refused_total", "reason"], "Handshakes that were refused, by reason");
  readonly slowConsumers = new Counter(
    "parley_slow_consumers_total",
    "Connections given up because they did not read",
  );
  readonly zombies = new Gauge(
    "parley_zombie_sockets",
    "Sockets given up that the runtime still holds",
    (now) => now.zombies,
  );
  readonly unsentBytes = new Gauge(
    "parley_unsent_bytes",
    "Bytes that wait for polls, or for WebSockets that were sent more than they read",
    (now) => now.unsentBytes,
  );
  readonly rooms = new Gauge(
    "parley_rooms",
    "Rooms with members, also of users and groups; on Redis one counts on each worker it is on",
    () => this.#rooms,
  );
  readonly roomMembers = new Histogram(
    "parley_room_members",
    "Members on one worker of the rooms there are now, those of users left out",
    [1, 2, 5, 10, 25, 50, 100, 500, 1000, 5000, 10_000],
  );
  readonly framesIn = new Counter("parley_frames_in_total", "Frames received");
  readonly bytesIn = new Counter("parley_bytes_in_total", "Bytes of the frames received");
  readonly framesOut = new Counter(
    "parley_frames_out_total",
    "Frames sent to single connections; those of fan-out are deliveries",
  );
  readonly messages = new Counter(
    "parley_messages_total",
    "Messages accepted, from clients, REST, admins and the program",
  );
  readonly signals = new Counter("parley_signals_total", "Signals accepted: typing, reactions, receipts and such");
  readonly signalsDropped = new Counter(
    "parley_signals_dropped_total",
    "Signals that were dropped because their connection sent too fast",
  );
  readonly deliveries = new Counter(
    "parley_deliveries_total",
    "Copies of events handed to the runtime, one for each receiving connection",
  );
  readonly deliverySeconds = new Histogram(
    "parley_delivery_latency_seconds",
    "From the making of a message to its hand-over to the runtime",
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
  );
  readonly errors = new LabelledCounter(["parley_errors_total", "code"], "Errors told to clients, by code");
  readonly foreignPayloads = new Counter(
    "parley_foreign_payloads_total",
    "Payloads of other nodes that could not be understood",
  );

  /** All that is declared above. */
  get families(): Family[] {
    return Object.values(this).filter((value) => value instanceof Family);
  }

  /** All figures by series name. */
  snapshot(now: Inventory): Series {
    return Object.assign({}, ...this.families.map((family) => family.series(now)));
  }

  /**
   * A room had `before` members here and has `after`. Counted as they come and go: whoever asks for the figures must not
   * make the server walk over all of its rooms.
   */
  roomResized(kind: RoomKind, before: number, after: number): void {
    // Rooms that follow a user's status are shown to nobody outside.
    if (kind === "presence") return;
    this.#rooms += Number(after > 0) - Number(before > 0);
    if (kind === "personal") return;
    if (before > 0) this.roomMembers.withdraw(before);
    if (after > 0) this.roomMembers.observe(after);
  }
}

/** Numbers by series name: `parley_closes_total{code="1000"}`. */
export type Series = Record<string, number>;

type Labelled = [name: string, label: string];

/** What Prometheus calls a metric family: the series of one name. */
export abstract class Family {
  abstract readonly type: "counter" | "gauge" | "histogram";
  readonly name: string;
  readonly help: string;

  constructor(name: string, help: string) {
    this.name = name;
    this.help = help;
  }

  abstract series(now: Inventory): Series;

  /** A figure of several nodes, from those of two. */
  combine(one: number, other: number): number {
    return one + other;
  }
}

class Counter extends Family {
  readonly type = "counter";
  value = 0;

  add(count = 1): void {
    this.value += count;
  }

  series(): Series {
    return { [this.name]: this.value };
  }
}

/** One for each value of a label. */
class LabelledCounter extends Family {
  readonly type = "counter";
  readonly #label: string;
  readonly #series: Series = {};

  constructor([name, label]: Labelled, help: string) {
    super(name, help);
    this.#label = label;
  }

  add(value: string | number): void {
    const series = `${this.name}{${this.#label}="${value}"}`;
    this.#series[series] = (this.#series[series] ?? 0) + 1;
  }

  series(): Series {
    return this.#series;
  }
}

class Gauge extends Family {
  readonly type = "gauge";
  readonly #read: (now: Inventory) => number;

  constructor(name: string, help: string, read: (now: Inventory) => number) {
    super(name, help);
    this.#read = read;
  }

  series(now: Inventory): Series {
    return { [this.name]: this.#read(now) };
  }
}

/** One for each value of a label. */
class LabelledGauge extends Family {
  readonly type = "gauge";
  readonly #label: string;
  readonly #read: (now: Inventory) => Record<string, number>;

  constructor([name, label]: Labelled, help: string, read: (now: Inventory) => Record<string, number>) {
    super(name, help);
    this.#label = label;
    this.#read = read;
  }

  series(now: Inventory): Series {
    const numbers = Object.entries(this.#read(now));
    return Object.fromEntries(numbers.map(([value, number]) => [`${this.name}{${this.#label}="${value}"}`, number]));
  }
}

/** A point in time, of which the latest counts. */
class Moment extends Gauge {
  override combine(one: number, other: number): number {
    return Math.max(one, other);
  }
}

/** Counts values by upper bound. */
export class Histogram extends Family {
  readonly type = "histogram";
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(name: string, help: string, bounds: readonly number[]) {
    super(name, help);
    this.#bounds = bounds;
    this.#counts = new Array(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    this.#counts[this.#slotOf(value)]!++;
    this.#sum += value;
  }

  /** Takes back what was observed: for what there is now, not for what there ever was. */
  withdraw(value: number): void {
    this.#counts[this.#slotOf(value)]!--;
    this.#sum -= value;
  }

  #slotOf(value: number): number {
    let slot = 0;
    while (slot < this.#bounds.length && value > this.#bounds[slot]!) slot++;
    return slot;
  }

  /** Cumulative buckets, sum and count. */
  series(): Series {
    const series: Series = {};
    let total = 0;
    this.#counts.forEach((count, slot) => {
      total += count;
      series[`${this.name}_bucket{le="${this.#bounds[slot] ?? "+Inf"}"}`] = total;
    });
    series[`${this.name}_sum`] = this.#sum;
    series[`${this.name}_count`] = total;
    return series;
  }
}
