/** How often a status is told: at once, then at the end of the second, and nothing that is no news. */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { TestCore, token } from "../test_core.ts";
import { memoryBroker } from "../memory_broker.ts";
import { run } from "../../src/maybe.ts";
import { announceStatus } from "../../src/hub/status.ts";

test("the first change is told at once, the last of the others when it is due, and one that was taken back never", async () => {
  const core = new TestCore(memoryBroker());
  const socket = await core.connect(`/websocket/connect?token=${token("kim")}`);
  socket.say({ type: "system", data: { action: "join", room: "lobby" } });
  const say = (status: string) => socket.say({ type: "presence", data: { status } });
  const told = () => socket.heard({ type: "presence" }).map(({ data }) => (data as { status: string }).status);
  const pass = async (nowMs: number) => {
    for (const due of core.hub.statusThrottle.takeDue(nowMs)) await run(announceStatus(core.hub, due));
  };
  for (const status of ["busy", "away", "offline"]) say(status);
  assertEquals(told(), ["busy"]);
  await pass(performance.now() + 500);
  assertEquals(told(), ["busy"]);
  await pass(performance.now() + 1100);
  assertEquals(told(), ["busy", "offline"]);
  for (const status of ["away", "offline"]) say(status);
  await pass(performance.now() + 2300);
  assertEquals(told(), ["busy", "offline"]);
  // Nothing happened for a second: the next one is a first change again.
  await pass(performance.now() + 3500);
  say("online");
  assertEquals(told(), ["busy", "offline", "online"]);
  socket.close(1000, "");
  core.hub.broker.close();
});
