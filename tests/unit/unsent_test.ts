/** What waits for clients that do not fetch or read: by address, in all, and what it means for long replies. */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { type BufferingPoll, Unsent } from "../../src/hub/unsent.ts";
import { TestCore } from "../test_core.ts";
import { eventually } from "../harness.ts";
import { SlowBroker } from "../slow_broker.ts";

const LIMITS = { perNetwork: 100, inAll: 250 };

function polls(unsent: Unsent): { buffer(name: string, address: string, bytes: number): void; ended: string[] } {
  const ended: string[] = [];
  const known = new Map<string, BufferingPoll>();
  const buffer = (name: string, address: string, bytes: number) => {
    const poll = known.get(name) ?? { drop: () => (ended.push(name), unsent.setBuffered(address, poll, 0)) };
    known.set(name, poll);
    unsent.setBuffered(address, poll, bytes);
  };
  return { buffer, ended };
}

test("of one network the session ends that has waited longest, however much others hold", () => {
  const unsent = new Unsent(LIMITS);
  const { buffer, ended } = polls(unsent);
  buffer("first", "192.0.2.1", 10);
  buffer("second", "192.0.2.1", 60);
  buffer("other", "192.0.2.2", 90);
  buffer("second", "192.0.2.1", 90);
  assertEquals([ended, unsent.bytes], [[], 190]);
  buffer("third", "192.0.2.1", 5);
  assertEquals([ended, unsent.bytes], [["first"], 185]);
  buffer("second", "192.0.2.1", 0);
  buffer("second", "192.0.2.1", 50);
  buffer("third", "192.0.2.1", 60);
  assertEquals(ended, ["first", "third"], "one that was fetched begins to wait anew");
  buffer("fourth", "2001:db8::1", 60);
  buffer("fifth", "2001:db8::2", 60);
  assertEquals(ended, ["first", "third", "fourth"], "a /64 is one network");
});

test("in all, the session ends that has waited longest of any", () => {
  const unsent = new Unsent(LIMITS);
  const { buffer, ended } = polls(unsent);
  for (const n of [1, 2, 3]) buffer(`${n}`, `192.0.2.${n}`, 80);
  buffer("4", "192.0.2.4", 20);
  assertEquals([ended, unsent.bytes], [["1"], 180]);
  buffer("5", "192.0.2.5", 101);
  assertEquals([ended, unsent.bytes], [["1", "5"], 180], "the youngest, if it is too much by itself");
});

test("WebSockets that do not read count until they have read or closed", async () => {
  const unsent = new Unsent({ perNetwork: 100_000, inAll: 250_000 });
  const [slow, slower, fast] = [{ bufferedBytes: 60_000 }, { bufferedBytes: 60_000 }, { bufferedBytes: 900 }];
  for (const reader of [slow, slower, fast]) unsent.note("192.0.2.1", reader);
  assertEquals([unsent.bytes, unsent.isFull("192.0.2.1"), unsent.isFull("192.0.2.2")], [120_000, true, false]);
  slow.bufferedBytes = 0;
  await eventually(() => !unsent.isFull("192.0.2.1"));
  assertEquals(unsent.bytes, 60_000);
  unsent.forget(slower);
  unsent.forget(fast);
  assertEquals(unsent.bytes, 0);
});

test("while too much waits at an address, long replies to it are unavailable and all else goes on", async () => {
  const broker = new SlowBroker();
  const core = new TestCore(broker);
  const [stalled, other] = [await core.connect("/ws?dialect=kebab"), await core.connect("/ws?dialect=kebab")];
  stalled.bufferedBytes = 64 * 1024 * 1024;
  stalled.say({ type: "ping" });
  other.say({ type: "join-room", roomId: "lobby" });
  const [refused] = await eventually(() => other.heard({ type: "error" }).length > 0 && other.heard({ type: "error" }));
  assertEquals([refused!.code, core.hub.rooms.size], ["unavailable", 0]);
  other.say({ type: "ping" });
  await eventually(() => other.heard({ type: "pong" }).length === 1);
  stalled.close(1000, "");
  await eventually(() => core.hub.unsent.bytes === 0);
  other.say({ type: "join-room", roomId: "lobby" });
  await eventually(() => other.heard({ type: "room-joined" }).length === 1);
  assert(core.hub.unsent.bytes === 0);
});
