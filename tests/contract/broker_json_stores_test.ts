/**
 * A storage that is not in memory is handed to the memory broker, and with it the broker keeps its contract. What was kept
 * is there after a restart, at the same positions.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { MemoryBroker } from "../../src/brokers/memory/broker.ts";
import { FakeClock, FakeNode } from "../fakes.ts";
import { jsonStores } from "../json_stores/stores.ts";
import { ANNOUNCE_MAX, brokerContract, HISTORY_ROOM_BYTES, INBOX, message } from "./broker.ts";

function nodeOn(folder: string, { now } = new FakeClock()): { broker: MemoryBroker; node: FakeNode } {
  const bounds = { historyRoomBytes: HISTORY_ROOM_BYTES, inboxSize: INBOX.size, inboxTtlMs: INBOX.ttlMs };
  const broker = new MemoryBroker({ stores: jsonStores({ folder, now, ...bounds }), roomAnnounceMax: ANNOUNCE_MAX });
  const node = new FakeNode();
  broker.start(node);
  return { broker, node };
}

function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "parley-stores-"));
}

brokerContract({
  name: "memory, with stores in JSON files,",
  maxNodes: 1,
  open() {
    const folder = temporaryFolder();
    const clock = new FakeClock();
    const node = nodeOn(folder, clock);
    return Promise.resolve({
      nodes: [node],
      advance: clock.advance.bind(clock),
      [Symbol.asyncDispose]: () => {
        node.broker.close();
        return Promise.resolve(rmSync(folder, { recursive: true }));
      },
    });
  },
});

test("what a broker has kept in files another one finds there", () => {
  const folder = temporaryFolder();
  try {
    const keep = { size: 10, ttlMs: 60_000 };
    const once = { sender: "ann", key: "k" };
    const before = nodeOn(folder);
    const first = message(before.node, "r", 1);
    const { position } = before.broker.publish({ room: "r", event: first }, { keep, once });
    before.broker.inbox.add("ann", { id: "n", read: false, createdAt: "2026-01-01T00:00:00.000Z" });
    before.broker.grants.setGroup("ann", "fleet", true);
    before.broker.close();

    const { broker, node } = nodeOn(folder);
    const { id, timestamp } = first;
    const repeat = broker.publish({ room: "r", event: message(node, "r", 1) }, { keep, once });
    assertEquals(repeat, { position, duplicateOf: { id, timestamp } });
    broker.publish({ room: "r", event: message(node, "r", 2) }, { keep });
    const page = broker.history.read("r", { limit: 5, since: position });
    assertEquals([page.recovered, page.messages.map(({ data }) => data)], [true, [2]]);
    assertEquals(broker.inbox.unread("ann"), 1);
    assertEquals(broker.grants.groups("ann"), { fleet: true });
    broker.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
