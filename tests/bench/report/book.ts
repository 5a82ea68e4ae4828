/**
 * Looks medians up in a run's samples: what the targets and the README's table are made of.
 */
import type { MetricName, Sample } from "../measure/metrics.ts";
import { spreadOf } from "../measure/statistics.ts";

/** One load of one scenario, and what is read there. */
export interface Place {
  readonly scenario: string;
  readonly load: string;
  readonly metric: MetricName;
  /** For servers that have several. */
  readonly variant?: string;
}

export class Book {
  readonly #samples: readonly Sample[];

  constructor(samples: readonly Sample[]) {
    this.#samples = samples;
  }

  /** Undefined if it was not measured. A server without variants has one row for all of them. */
  median(server: string, { scenario, load, metric, variant }: Place): number | undefined {
    const here = this.#samples.filter((sample) =>
      sample.server === server && sample.scenario === scenario && sample.load === load
    );
    const own = here.filter((sample) => sample.variant === variant);
    const rows = own.length > 0 ? own : here.filter((sample) => sample.variant === undefined);
    return spreadOf(rows.map(({ metrics }) => metrics[metric]))?.median;
  }

  /** One server's number in those of another; undefined if either is missing. */
  ratio(server: string, other: string, place: Place): number | undefined {
    return divided(this.median(server, place), this.median(other, place));
  }

  /** The same beside the least of several. */
  ratioToBest(server: string, others: readonly string[], place: Place): number | undefined {
    const best = Math.min(...others.map((other) => this.median(other, place) ?? Infinity));
    return divided(this.median(server, place), best);
  }
}

export function divided(value: number | undefined, by: number | undefined): number | undefined {
  return value === undefined || by === undefined || !Number.isFinite(by) ? undefined : value / by;
}
