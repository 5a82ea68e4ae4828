/**
 * Latencies in microseconds, kept in buckets 1.6 % wide from 1 us to about an hour, in constant memory.
 * The crowd adds a sample of deliveries to it. It must never allocate while a run is under way.
 */
const STEPS = 64;
const STEP_BITS = 6;
const OCTAVES = 32;

export class Histogram {
  readonly #buckets = new Uint32Array(OCTAVES * STEPS);
  count = 0;

  add(us: number): void {
    this.#buckets[bucketOf(us)]!++;
    this.count++;
  }

  clear(): void {
    this.#buckets.fill(0);
    this.count = 0;
  }

  /** The latency that a share `quantile` (0..1) of the samples does not exceed, in microseconds; NaN without samples. */
  quantile(quantile: number): number {
    if (this.count === 0) return NaN;
    let left = Math.ceil(this.count * quantile);
    for (let bucket = 0; bucket < this.#buckets.length; bucket++) {
      left -= this.#buckets[bucket]!;
      if (left <= 0) return upperBound(bucket);
    }
    return upperBound(this.#buckets.length - 1);
  }
}

function bucketOf(us: number): number {
  const value = Math.max(0, Math.min(us, 2 ** 31 - 1)) | 0;
  if (value < STEPS) return value;
  const octave = 31 - Math.clz32(value) - STEP_BITS;
  return (octave + 1) * STEPS + ((value >> octave) - STEPS);
}

function upperBound(bucket: number): number {
  if (bucket < STEPS) return bucket;
  const octave = Math.floor(bucket / STEPS) - 1;
  return ((bucket % STEPS) + STEPS + 1) * 2 ** octave - 1;
}
