/** The memory broker keeps the broker contract. */
import { MemoryBroker } from "../../src/brokers/memory/broker.ts";
import { FakeClock, FakeNode } from "../fakes.ts";
import { ANNOUNCE_MAX, brokerContract, HISTORY_ROOM_BYTES, INBOX } from "./broker.ts";

brokerContract({
  name: "memory",
  maxNodes: 1,
  open() {
    const clock = new FakeClock();
    const node = new FakeNode();
    const options = {
      historyMaxBytes: 1e8,
      historyRoomBytes: HISTORY_ROOM_BYTES,
      inboxSize: INBOX.size,
      inboxTtlMs: INBOX.ttlMs,
      roomAnnounceMax: ANNOUNCE_MAX,
      now: clock.now,
    };
    const broker = new MemoryBroker(options);
    broker.start(node);
    return Promise.resolve({
      nodes: [{ broker, node }],
      advance: clock.advance.bind(clock),
      [Symbol.asyncDispose]: () => Promise.resolve(broker.close()),
    });
  },
});
