/** The memory broker keeps the broker contract. */
import { MemoryBroker } from "../../src/brokers/memory/broker.ts";
import { memoryStores } from "../../src/brokers/memory/stores.ts";
import { FakeClock, FakeNode } from "../fakes.ts";
import { ANNOUNCE_MAX, brokerContract, storesOptions } from "./broker.ts";

brokerContract({
  name: "memory",
  maxNodes: 1,
  open() {
    const clock = new FakeClock();
    const node = new FakeNode();
    const broker = new MemoryBroker({ stores: memoryStores(storesOptions(clock)), roomAnnounceMax: ANNOUNCE_MAX });
    broker.start(node);
    return Promise.resolve({
      nodes: [{ broker, node }],
      advance: clock.advance.bind(clock),
      [Symbol.asyncDispose]: () => Promise.resolve(broker.close()),
    });
  },
});
