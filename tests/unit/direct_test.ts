/** A direct message with an id is delivered once, however often it is repeated, and is no repeat before it was delivered. */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { TestCore, token } from "../test_core.ts";
import { SlowBroker } from "../slow_broker.ts";

test("a message that could not be carried out is delivered when it is repeated", async () => {
  const broker = new SlowBroker();
  const core = new TestCore(broker);
  const kim = await core.connect(`/ws?dialect=kebab&token=${token("kim")}`);
  const lee = await core.connect(`/ws?dialect=kebab&token=${token("lee")}`);
  await broker.settled();
  const to = lee.heard({ type: "connected" })[0]!.clientId;
  const say = async () => {
    kim.say({ type: "message", to, message: "psst", clientMessageId: "1" });
    await broker.settled();
    return kim.frames.at(-1)!;
  };
  const delivered = () => lee.heard({ type: "message", message: "psst" }).length;

  broker.fails = (call) => call === "send" || call === "execute";
  assertEquals([(await say()).code, delivered()], ["unavailable", 0]);
  broker.fails = () => false;
  const first = await say();
  assertEquals([first.type, first.duplicate, delivered()], ["message-ack", undefined, 1]);
  const again = await say();
  assertEquals([again.duplicate, again.id, delivered()], [true, first.id, 1]);
});

test("a recipient that leaves while its message is claimed was not reached", async () => {
  const broker = new SlowBroker();
  const core = new TestCore(broker);
  const kim = await core.connect(`/ws?dialect=kebab&token=${token("kim")}`);
  const lee = await core.connect(`/ws?dialect=kebab&token=${token("lee")}`);
  await broker.settled();
  const to = lee.heard({ type: "connected" })[0]!.clientId;
  broker.onEffect = (call) => call === "publish" && lee.close(1000, "gone");
  kim.say({ type: "message", to, message: "psst", clientMessageId: "1" });
  await broker.settled();
  assertEquals(kim.frames.at(-1)!.code, "not_found");
});
