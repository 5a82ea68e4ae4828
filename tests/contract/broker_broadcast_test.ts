/** The broadcast broker keeps the broker contract: nodes of one process, each over a port of its own. */
import { BroadcastChannelBroker } from "../../src/brokers/broadcast_channel/broker.ts";
import { Sequencer } from "../../src/brokers/broadcast_channel/sequencer.ts";
import { memoryStores } from "../../src/brokers/memory/stores.ts";
import { createLog } from "../../src/log.ts";
import { FakeClock, FakeNode } from "../fakes.ts";
import { ANNOUNCE_MAX, brokerContract, storesOptions } from "./broker.ts";

brokerContract({
  name: "broadcast",
  maxNodes: 3,
  async open(count) {
    const clock = new FakeClock();
    const stores = memoryStores(storesOptions(clock));
    const sequencer = new Sequencer({ stores, roomAnnounceMax: ANNOUNCE_MAX });
    const log = createLog({ level: "error" });
    const nodes = await Promise.all(Array.from({ length: count }, async () => {
      const node = new FakeNode();
      const broker = new BroadcastChannelBroker(sequencer.attach().uplink, log);
      await broker.start(node);
      return { broker, node };
    }));
    return {
      nodes,
      advance: clock.advance.bind(clock),
      async [Symbol.asyncDispose]() {
        await Promise.all(nodes.map(({ broker }) => broker.close()));
        sequencer.close();
      },
    };
  },
});
