/** Presence in memory beyond the contract: large rooms, many nodes in one store, nothing left behind. */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import type { RoutedEvent } from "../../src/broker.ts";
import { MemoryStatuses } from "../../src/brokers/memory/statuses.ts";
import { MemoryPresence } from "../../src/brokers/memory/presence.ts";
import { RoomMembers } from "../../src/brokers/memory/room_members.ts";
import { IdSource } from "../../src/id.ts";
import type { Member } from "../../src/message.ts";
import { FakeNode } from "../fakes.ts";

function presence(): { store: MemoryPresence; told: RoutedEvent[] } {
  const told: RoutedEvent[] = [];
  const announce = (routed: RoutedEvent) => void told.push(routed);
  const statuses = new MemoryStatuses();
  return { store: new MemoryPresence({ ids: new IdSource(), statuses, announce }), told };
}

test("a room counts the same as a list and as an index", () => {
  const members = new RoomMembers();
  const inside: Member[] = [];
  let random = 7;
  const next = (below: number) => (random = random * 48271 % 2147483647) % below;
  for (let step = 0; step < 2000; step++) {
    if (next(20) < (step % 200 < 100 ? 14 : 6)) {
      const user = next(3) === 0 ? undefined : next(5);
      const member = { connection: `c${step}`, user, name: "n" };
      members.add(member);
      inside.push(member);
    } else if (inside.length > 0) {
      const [gone] = inside.splice(next(inside.length), 1);
      assertEquals(members.remove(gone.connection), gone);
      assertEquals(members.remove(gone.connection), undefined);
    }
    const users = new Set(inside.map(({ user, connection }) => user ?? connection));
    assertEquals([members.size, members.users], [inside.length, users.size]);
    for (let user = 0; user < 5; user++) assertEquals(members.hasUser(`${user}`), users.has(user));
  }
  assertEquals([...members], inside);
});

test("all members of one node leave, at the edges of their users", () => {
  const { store, told } = presence();
  const [here, there] = [new FakeNode(), new FakeNode()];
  for (const room of ["r", "s"]) {
    store.enter(room, here.connect("zoe"));
    store.enter(room, here.connect("ann"));
    store.enter(room, there.connect("ann"));
    store.enter(room, there.connect());
  }
  store.enter("user:bob", there.connect("bob"));
  store.enter("alone", there.connect("bob"));
  told.length = 0;
  store.leaveAll(there.id);
  const leaves = told.map(({ room, event }) => [room, event.kind, "edge" in event && event.edge]);
  assertEquals(leaves, [
    ["r", "leave", false],
    ["r", "leave", true],
    ["s", "leave", false],
    ["s", "leave", true],
    ["presence:bob", "presence", false],
  ]);
  assertEquals([store.count("r"), store.count("s"), store.count("alone")], [2, 2, 0]);
  store.leaveAll(there.id);
  assertEquals(told.length, 5);
});

test("an empty room leaves nothing behind", () => {
  const { store } = presence();
  const node = new FakeNode();
  const members = Array.from({ length: 50 }, () => node.connect());
  for (const member of members) store.enter("r", member);
  for (const { connection } of members) store.leave("r", connection);
  assertEquals(store.countRooms(), 0);
  assertEquals(store.roster("r", 9), { list: [], members: 0, users: 0, announcing: true });
});

test("whoever is alone in a room is announced to nobody", () => {
  const { store, told } = presence();
  const ann = new FakeNode().connect("ann");
  store.enter("r", ann);
  store.leave("r", ann.connection);
  assertEquals(told, []);
});
