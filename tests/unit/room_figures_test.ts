/** Rooms are counted as members come and go: whoever asks for the status walks over none of them. */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { memoryBroker } from "../memory_broker.ts";
import { type FakeSocket, TestCore, token } from "../test_core.ts";

async function come(core: TestCore, user?: string): Promise<FakeSocket> {
  return await core.connect(`/ws?dialect=kebab${user === undefined ? "" : `&token=${token(user)}`}`);
}

test("figures of rooms are those of a walk over all of them, without the walk", async () => {
  const core = new TestCore(memoryBroker());
  const { hub, node } = core;
  const sockets = [await come(core, "ann"), await come(core, "ann"), await come(core, "bob"), await come(core)];
  let random = 7;
  for (let step = 0; step < 600; step++) {
    random = random * 48271 % 2147483647;
    const socket = sockets[random % sockets.length]!;
    const type = random % 3 === 0 ? "leave-room" : "join-room";
    socket.say({ type, roomId: `r${random % 40}` });
    if (random % 97 === 0) {
      socket.close(1000, "");
      await Promise.resolve();
      sockets[sockets.indexOf(socket)] = await come(core, "ann");
    }
  }
  const rooms = [...hub.rooms.values()].filter(({ members }) => members.size > 0);
  const sizes = rooms.filter(({ kind }) => kind === "custom").map(({ members }) => members.size);
  hub.rooms.values = hub.rooms[Symbol.iterator] = hub.rooms.entries = () => {
    throw new Error("walked over the rooms");
  };
  const { counters } = node.stats();
  assertEquals(counters.parley_rooms, rooms.length);
  assertEquals(counters.parley_room_members_count, sizes.length);
  assertEquals(counters.parley_room_members_sum, sizes.reduce((sum, size) => sum + size, 0));
  assertEquals(counters['parley_room_members_bucket{le="1"}'], sizes.filter((size) => size <= 1).length);
  assertEquals(counters['parley_room_members_bucket{le="2"}'], sizes.filter((size) => size <= 2).length);
});
