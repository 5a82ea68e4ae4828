/** A room on a node: subscribed while anybody needs it, in the order it was meant, and one topic per dialect. */
import { Stats } from "../../src/hub/metrics.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import { setImmediate } from "node:timers";
import { Connection } from "../../src/hub/connection.ts";
import { kebab } from "../../src/dialects/kebab.ts";
import { snake } from "../../src/dialects/snake.ts";
import { defaultConfig } from "../../src/config/config.ts";
import type { MaybePromise } from "../../src/maybe.ts";
import { Room, type Subscriber } from "../../src/hub/room.ts";

interface TestRoom {
  room: Room;
  /** What the broker was asked, in order; `answer` settles the oldest question that is open. */
  asked: string[];
  answer(error?: Error): Promise<void>;
}

function openRoom(): TestRoom {
  const asked: string[] = [];
  const open: ((error?: Error) => void)[] = [];
  const ask = (what: string): MaybePromise<void> => {
    asked.push(what);
    return new Promise((resolve, reject) => open.push((error) => error ? reject(error) : resolve()));
  };
  const subscriber: Subscriber = {
    outlet: { publish: () => undefined },
    stats: new Stats(),
    subscribe: () => ask("subscribe"),
    unsubscribe: () => ask("unsubscribe"),
    dissolved: () => void asked.push("dissolved"),
  };
  const { defaultRoom } = defaultConfig({ jwtSecret: "x".repeat(32) });
  const room = new Room("hall", "custom", defaultRoom, subscriber);
  const answer = async (error?: Error) => {
    await settled();
    open.shift()!(error);
    await settled();
  };
  return { room, asked, answer };
}

/** Whatever follows from what has happened so far has been asked. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("last leaves, next joins: never asked the other way round", async () => {
  const { room, asked, answer } = openRoom();
  const first = room.retain();
  const second = room.retain();
  await answer();
  await Promise.all([first, second]);
  assertEquals(asked, ["subscribe"]);
  room.release();
  assertEquals(asked, ["subscribe"]);
  room.release();
  await settled();
  const third = room.retain();
  await settled();
  assertEquals(asked, ["subscribe", "unsubscribe"]);
  await answer();
  assertEquals(asked, ["subscribe", "unsubscribe", "subscribe"]);
  await answer();
  await third;
  room.release();
  await answer();
  assertEquals(asked, ["subscribe", "unsubscribe", "subscribe", "unsubscribe", "dissolved"]);
});

test("who leaves while the node is still subscribing has it undone after it is done", async () => {
  const { room, asked, answer } = openRoom();
  const pending = room.retain();
  room.release();
  assertEquals(asked, ["subscribe"]);
  await answer();
  await pending;
  assertEquals(asked, ["subscribe", "unsubscribe"]);
  await answer();
  assertEquals(asked, ["subscribe", "unsubscribe", "dissolved"]);
});

test("a refused subscription counts for nobody, and the next one asks again", async () => {
  const { room, asked, answer } = openRoom();
  const refused = assertRejects(() => Promise.resolve(room.retain()), Error, "away");
  const other = Promise.resolve(room.retain());
  await answer(new Error("away"));
  await refused;
  await answer();
  await other;
  room.release();
  await answer();
  assertEquals(asked, ["subscribe", "subscribe", "unsubscribe", "dissolved"]);
});

test("a dialect has a topic while somebody speaks it; who changes it is never without one", () => {
  const { room } = openRoom();
  const steps: string[] = [];
  const socket = {
    subscribe: (topic: string) => void steps.push(`+${topic}`),
    unsubscribe: (topic: string) => void steps.push(`-${topic}`),
  } as never;
  const members = ["a", "b"].map((id) => new Connection({ id, socket, dialect: kebab, address: "::1" }));
  for (const member of members) room.add(member);
  room.add(members[0]!);
  room.audiences.move(members[0]!, snake);
  members[0]!.dialect = snake;
  assertEquals(steps, ["+kebab:hall", "+kebab:hall", "+snake:hall", "-kebab:hall"]);
  assertEquals(room.audiences.list.map(({ dialect, count }) => [dialect.name, count]), [["kebab", 1], ["snake", 1]]);
  assertEquals([room.remove(members[0]!), room.remove(members[0]!), room.remove(members[1]!)], [true, false, true]);
  assertEquals([room.audiences.list, members[0]!.rooms], [[], []]);
});
