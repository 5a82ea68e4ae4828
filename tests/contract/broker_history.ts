/** Contract of History: pages, recovery, and what it honestly cannot recover. Declared by broker.ts. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { eventually } from "../waiting.ts";
import { type Declare, HISTORY_ROOM_BYTES, message, publishKept } from "./broker.ts";

export function historyContract(declare: Declare): void {
  declare("reading gives a room that somebody is in its position, and keeps it", 1, async ({ nodes: [a] }) => {
    await a.broker.presence.enter("empty", a.node.connect());
    const page = await a.broker.history.read("empty", { limit: 10 });
    assertEquals({ ...page, position: page.position.offset }, {
      messages: [],
      position: 0,
      recovered: true,
      more: false,
    });
    const [first] = await publishKept(a, { room: "empty", count: 1 });
    assertEquals(first.position, { epoch: page.position.epoch, offset: 1 });
    const since = await a.broker.history.read("empty", { limit: 10, since: page.position });
    assertEquals(since.recovered, true);
    assertEquals(since.messages.map(({ id }) => id), [first.id]);
    assertEquals(since.messages[0].position, first.position);
  });

  declare("a reader gets what came after its position, or is told that it cannot", 1, async ({ nodes: [a] }) => {
    const kept = await publishKept(a, { room: "r", count: 10 });
    const { epoch } = kept[0].position!;
    const read = async (offset: number, limit = 100, of = epoch) => {
      const page = await a.broker.history.read("r", { limit, since: { epoch: of, offset } });
      assertEquals(page.position, { epoch, offset: 10 });
      return [page.recovered, page.messages.map(({ position }) => position!.offset)];
    };
    assertEquals(await read(10), [true, []]);
    assertEquals(await read(7), [true, [8, 9, 10]]);
    assertEquals(await read(0), [true, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]);
    assertEquals(await read(7, 3), [true, [8, 9, 10]]);
    assertEquals(await read(6, 3), [false, [8, 9, 10]], "over the limit: the newest");
    assertEquals(await read(11, 2), [false, [9, 10]], "from the future");
    assertEquals(await read(7, 2, "another"), [false, [9, 10]], "another epoch");
    assertEquals(await read(10, 0), [true, []]);
    assertEquals(await read(9, 0), [false, []]);
  });

  declare("pages go back to the first message", 1, async ({ nodes: [a] }) => {
    const kept = await publishKept(a, { room: "r", count: 7 });
    const { epoch } = kept[0].position!;
    const read = async (before?: number) => {
      const query = { limit: 3, before: before === undefined ? undefined : { epoch, offset: before } };
      const { messages, more } = await a.broker.history.read("r", query);
      return [messages.map(({ data }) => data), more];
    };
    assertEquals(await read(), [[5, 6, 7], true]);
    assertEquals(await read(5), [[2, 3, 4], true]);
    assertEquals(await read(4), [[1, 2, 3], false]);
    assertEquals(await read(2), [[1], false]);
    assertEquals(await read(1), [[], false]);
    assertEquals(await read(100), [[5, 6, 7], true]);
    const over = await a.broker.history.read("r", { limit: 3, before: { epoch: "another", offset: 5 } });
    assertEquals([over.messages, over.recovered, over.more], [[], false, false], "not the start of the history");
  });

  declare("pages go forward to the newest message", 1, async ({ nodes: [a] }) => {
    const kept = await publishKept(a, { room: "r", count: 7 });
    const { epoch } = kept[0].position!;
    const read = async (offset: number, of = epoch) => {
      const page = await a.broker.history.read("r", { limit: 2, after: { epoch: of, offset } });
      assertEquals(page.position, { epoch, offset: 7 });
      return [page.recovered, page.messages.map(({ data }) => data), page.more];
    };
    assertEquals(await read(0), [true, [1, 2], true]);
    assertEquals(await read(2), [true, [3, 4], true]);
    assertEquals(await read(4), [true, [5, 6], true]);
    assertEquals(await read(5), [true, [6, 7], false]);
    assertEquals(await read(6), [true, [7], false]);
    assertEquals(await read(7), [true, [], false]);
    assertEquals(await read(8), [false, [6, 7], true], "from the future: the newest");
    assertEquals(await read(2, "another"), [false, [6, 7], true], "another epoch");
  });

  declare("a page forward tells that what it should begin with is gone", 1, async ({ nodes: [a] }) => {
    const kept = await publishKept(a, { room: "r", count: 12, size: 5 });
    const { epoch } = kept[0].position!;
    const read = async (offset: number, limit: number) => {
      const page = await a.broker.history.read("r", { limit, after: { epoch, offset } });
      return [page.recovered, page.messages.map(({ data }) => data), page.more];
    };
    assertEquals(await read(6, 2), [false, [11, 12], true]);
    assertEquals(await read(6, 5), [false, [8, 9, 10, 11, 12], false]);
    assertEquals(await read(7, 2), [true, [8, 9], true]);
  });

  declare("what grew too old is gone for a page forward too", 1, async ({ nodes: [a], advance }) => {
    const publish = (data: number, ttlMs: number) =>
      a.broker.publish({ room: "r", event: message(a.node, "r", data) }, { keep: { size: 100, ttlMs } });
    const { epoch } = (await publish(1, 300)).position!;
    advance?.(301);
    await a.broker.history.read("r", { limit: 0 });
    for (const data of [2, 3, 4]) await publish(data, 60_000);
    await eventually(async () => (await a.broker.history.read("r", { limit: 9 })).messages.length === 3);
    const read = async (offset: number) => {
      const page = await a.broker.history.read("r", { limit: 2, after: { epoch, offset } });
      return [page.recovered, page.messages.map(({ data }) => data), page.more];
    };
    assertEquals(await read(0), [false, [3, 4], true]);
    assertEquals(await read(1), [true, [2, 3], true]);
    assertEquals(await read(3), [true, [4], false]);
  });

  declare("what was kept comes back whole", 1, async ({ nodes: [a] }) => {
    const event = {
      ...message(a.node, "r", { text: "x" }),
      from: { connection: "c", user: 7, name: "seven" },
      frameId: "1",
    };
    await a.broker.publish({ room: "r", event, except: "c" }, { keep: { size: 5, ttlMs: 60_000 } });
    const { messages: [got], position } = await a.broker.history.read("r", { limit: 1 });
    assertEquals(got, { ...event, position });
  });

  declare("a room keeps its newest messages", 1, async ({ nodes: [a] }) => {
    const kept = await publishKept(a, { room: "r", count: 250, size: 10 });
    const since = (offset: number) => ({ limit: 300, since: { epoch: kept[0].position!.epoch, offset } });
    const lost = await a.broker.history.read("r", since(0));
    assertEquals(lost.recovered, false);
    assertEquals(lost.messages.at(-1)?.data, 250);
    const found = await a.broker.history.read("r", since(240));
    assertEquals(found.recovered, true);
    assertEquals(found.messages.map(({ data }) => data), [241, 242, 243, 244, 245, 246, 247, 248, 249, 250]);
  });

  declare("a room holds so many bytes, and its newest message whatever its size", 1, async ({ nodes: [a] }) => {
    const publish = (data: unknown) =>
      a.broker.publish({ room: "r", event: message(a.node, "r", data) }, { keep: { size: 1_000, ttlMs: 60_000 } });
    const kept = async () => (await a.broker.history.read("r", { limit: 1_000 })).messages.map(({ data }) => data);
    const large = (n: number) => `${n}`.padEnd(HISTORY_ROOM_BYTES / 10);
    for (let n = 1; n <= 25; n++) await publish(large(n));
    assertEquals(await kept(), Array.from({ length: 9 }, (_, at) => large(17 + at)));
    const { position: { epoch } } = await a.broker.history.read("r", { limit: 0 });
    const since = (offset: number) => a.broker.history.read("r", { limit: 100, since: { epoch, offset } });
    assertEquals([(await since(15)).recovered, (await since(16)).recovered], [false, true]);
    const huge = "".padEnd(2 * HISTORY_ROOM_BYTES);
    await publish(huge);
    assertEquals(await kept(), [huge]);
    await publish("small");
    assertEquals(await kept(), ["small"]);
    for (let n = 1; n <= 200; n++) await publish(n);
    assertEquals((await kept()).length, 201);
  });

  declare("a page takes as many bytes as were asked for, and one message at least", 1, async ({ nodes: [a] }) => {
    const data = (n: number) => `${n}`.padEnd(1_000);
    const keep = { size: 100, ttlMs: 60_000 };
    for (let n = 1; n <= 10; n++) {
      await a.broker.publish({ room: "r", event: message(a.node, "r", data(n)) }, { keep });
    }
    const { position: { epoch } } = await a.broker.history.read("r", { limit: 0 });
    const read = async (mode: "since" | "after" | "before" | "newest", offset = 0, maxBytes = 3_500) => {
      const query = { limit: 100, maxBytes, ...(mode !== "newest" && { [mode]: { epoch, offset } }) };
      const { recovered, messages, more } = await a.broker.history.read("r", query);
      return [recovered, messages.map(({ position }) => position!.offset), more];
    };
    assertEquals(await read("newest"), [true, [9, 10], true]);
    assertEquals(await read("newest", 0, 1), [true, [10], true]);
    assertEquals(await read("before", 5), [true, [3, 4], true]);
    assertEquals(await read("before", 3), [true, [1, 2], false]);
    assertEquals(await read("after", 0), [true, [1, 2], true]);
    assertEquals(await read("after", 4, 1), [true, [5], true]);
    assertEquals(await read("after", 8), [true, [9, 10], false]);
    assertEquals(await read("since", 8), [true, [9, 10], false]);
    assertEquals(await read("since", 9, 1), [true, [10], false]);
    assertEquals(await read("since", 7), [false, [9, 10], true], "not all of them fit");
    assertEquals(await read("since", 0, 100_000), [true, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], false]);
  });

  declare("messages grow too old", 1, async ({ nodes: [a], advance }) => {
    if (!advance) return;
    const keep = { size: 100, ttlMs: 1000 };
    for (const data of [1, 2]) {
      await a.broker.publish({ room: "r", event: message(a.node, "r", data) }, { keep });
      advance(600);
    }
    const page = await a.broker.history.read("r", { limit: 10 });
    assertEquals([page.messages.map(({ data }) => data), page.more], [[2], false]);
    assertEquals(page.position.offset, 2);
    const since = (offset: number) => ({ limit: 10, since: { epoch: page.position.epoch, offset } });
    assertEquals((await a.broker.history.read("r", since(0))).recovered, false);
    assertEquals((await a.broker.history.read("r", since(1))).recovered, true);
    advance(600);
    assertEquals((await a.broker.history.read("r", since(2))).recovered, true, "a quiet room keeps its epoch");
  });

  declare("rooms have epochs of their own", 1, async ({ nodes: [a] }) => {
    const epochs = await Promise.all(["a", "b"].map(async (room) => {
      return (await a.broker.history.read(room, { limit: 0 })).position.epoch;
    }));
    assertNotEquals(epochs[0], epochs[1]);
    assert(epochs[0].length > 0);
  });

  declare("every node reads one history", 2, async ({ nodes: [a, b] }) => {
    const kept = await publishKept(a, { room: "r", count: 3 });
    await publishKept(b, { room: "r", count: 1 });
    const page = await b.broker.history.read("r", { limit: 10, since: { ...kept[0].position!, offset: 1 } });
    assertEquals(page.recovered, true);
    assertEquals(page.messages.map(({ data }) => data), [2, 3, 1]);
    assertEquals(page.position, { ...kept[0].position!, offset: 4 });
  });
}
