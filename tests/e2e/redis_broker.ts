/** A Redis broker of a test's own, with what it logs. */
import { RedisBroker, type RedisBrokerOptions } from "../../src/brokers/redis/broker.ts";
import { createLog } from "../../src/log.ts";
import { FakeNode } from "../fakes.ts";

export const KEEP = { keep: { size: 10, ttlMs: 60_000 } };

/** Not started. */
export function brokerOf(url: string, more: Partial<RedisBrokerOptions> = {}): {
  broker: RedisBroker;
  lines: string[];
} {
  const lines: string[] = [];
  const log = createLog({ level: "info", write: (line) => lines.push(line) });
  return { broker: new RedisBroker({ url, inboxSize: 5, inboxTtlMs: 60_000, log, ...more }), lines };
}

export interface RunningBroker extends AsyncDisposable {
  broker: RedisBroker;
  node: FakeNode;
  lines: string[];
}

export async function startBroker(url: string, more: Partial<RedisBrokerOptions> = {}): Promise<RunningBroker> {
  const node = new FakeNode();
  const { broker, lines } = brokerOf(url, more);
  await broker.start(node);
  return { broker, node, lines, [Symbol.asyncDispose]: () => broker.close() };
}
