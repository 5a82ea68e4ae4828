/**
 * What a node counts. The hub, the gateway and the brokers count here; http/ shows it at /status and /metrics.
 *
 * A figure is a number under its Prometheus series name, so the figures of several workers add up by name. Counting is
 * a field increment or one map write; nothing here is per room or per user.
 */
export class Stats {
  /** Connections that were ever accepted. */
  connectionsOpened = 0;
  /** When the last one was accepted, in ms since 1970; 0: none yet. */
  lastConnectionAt = 0;
  framesIn = 0;
  bytesIn = 0;
  /** Frames sent to single connections; fan-out is in `deliveries`. */
  framesOut = 0;
  /** Messages accepted from clients, REST, the admin API and the library. */
  messages = 0;
  signals = 0;
  /** Signals over the rate of their connection. */
  signalsDropped = 0;
  /** Copies of events handed to the runtime, one per receiving connection. */
  deliveries = 0;
  slowConsumers = 0;
  /** Payloads from other nodes that could not be understood. */
  foreignPayloads = 0;
  readonly connectionSeconds = new Histogram([1, 10, 60, 300, 1800, 3600, 21600, 86400]);
  /** From the making of a message to its hand-over to the runtime, on the node that delivers. */
  readonly deliverySeconds = new Histogram([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]);
  readonly #tallies: Record<string, number> = {};

  /** Adds one to a labelled counter: errors by code, closes by code, refused handshakes by reason. */
  count(family: "errors" | "closes" | "refused", label: string | number): void {
    const series = `parley_${family}_total{${family === "refused" ? "reason" : "code"}="${label}"}`;
    this.#tallies[series] = (this.#tallies[series] ?? 0) + 1;
  }

  /** All figures by series name. */
  snapshot(): Record<string, number> {
    return {
      parley_connections_opened_total: this.connectionsOpened,
      parley_last_connection_timestamp_seconds: this.lastConnectionAt / 1000,
      parley_frames_in_total: this.framesIn,
      parley_bytes_in_total: this.bytesIn,
      parley_frames_out_total: this.framesOut,
      parley_messages_total: this.messages,
      parley_signals_total: this.signals,
      parley_signals_dropped_total: this.signalsDropped,
      parley_deliveries_total: this.deliveries,
      parley_slow_consumers_total: this.slowConsumers,
      parley_foreign_payloads_total: this.foreignPayloads,
      ...this.connectionSeconds.series("parley_connection_duration_seconds"),
      ...this.deliverySeconds.series("parley_delivery_latency_seconds"),
      ...this.#tallies,
    };
  }
}

/** Counts values by upper bound; the same shape Prometheus scrapes. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
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

  /** Cumulative buckets, sum and count under `name`. */
  series(name: string): Record<string, number> {
    const series: Record<string, number> = {};
    let total = 0;
    this.#counts.forEach((count, slot) => {
      total += count;
      series[`${name}_bucket{le="${this.#bounds[slot] ?? "+Inf"}"}`] = total;
    });
    series[`${name}_sum`] = this.#sum;
    series[`${name}_count`] = total;
    return series;
  }
}
