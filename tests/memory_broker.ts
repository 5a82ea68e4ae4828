/** A memory broker with stores of its own, as large as tests need them unless one says otherwise. */
import { MemoryBroker, type MemoryBrokerOptions } from "../src/brokers/memory/broker.ts";
import { memoryStores, type MemoryStoresOptions } from "../src/brokers/memory/stores.ts";
import type { Stores } from "../src/stores.ts";

export function testStores(bounds: Partial<MemoryStoresOptions> = {}): Stores {
  return memoryStores({ historyMaxBytes: 1e8, inboxSize: 10, inboxTtlMs: 60_000, ...bounds });
}

export function memoryBroker(options: Omit<MemoryBrokerOptions, "stores"> = {}): MemoryBroker {
  return new MemoryBroker({ stores: testStores(), ...options });
}
