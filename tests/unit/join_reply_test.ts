/** That the reply to a join takes no more than its share of what a socket may have unsent, in whatever frames it is told. */
import { test } from "node:test";
import { assert, assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import type { Socket } from "../../src/adapter.ts";
import type { AnyDialect } from "../../src/dialect.ts";
import { Connection } from "../../src/hub/connection.ts";
import { bytesOf } from "../../src/hub/frame_size.ts";
import { join } from "../../src/hub/membership.ts";
import { run } from "../../src/maybe.ts";
import type { Frame } from "../../src/message.ts";
import { memoryBroker } from "../memory_broker.ts";
import { TestCore } from "../test_core.ts";
import { kebab, socketio } from "../dialects.ts";

const ROOM = "lobby";
/** More than a socket may have unsent, if all of them were told twice. */
const MESSAGES = 100;
const keep = { size: MESSAGES, ttlMs: 60_000 };

/** A server whose room has kept many messages, and what a client of the dialect is answered that asks for all of them. */
async function replay(dialect: AnyDialect, messages: { data: unknown; binary?: boolean }[]) {
  const { hub } = new TestCore(memoryBroker());
  for (const message of messages) {
    const from = { connection: "ann", name: "Ann" };
    await hub.broker.publish({ room: ROOM, event: { kind: "message", ...hub.stamp(), room: ROOM, from, ...message } }, {
      keep,
    });
  }
  const frames: Frame[] = [];
  const ignore = () => undefined;
  const socket: Socket = {
    context: undefined,
    bufferedBytes: 0,
    send: (frame) => frames.push(frame) > 0,
    subscribe: ignore,
    unsubscribe: ignore,
    close: ignore,
    abandon: ignore,
  };
  const connection = new Connection({ id: hub.ids.next(), socket, dialect, address: "192.0.2.1" });
  hub.open(connection);
  await run(join(hub, connection, { room: ROOM, since: { epoch: "another", offset: 0 }, ref: 7 }));
  return { frames, bytes: frames.reduce((sum, frame) => sum + bytesOf(frame), 0), limit: hub.replyBytes };
}

const texts = Array.from({ length: MESSAGES }, (_, n) => ({ data: { text: `${n} ${"x".repeat(8_000)}` } }));
const blobs = Array.from({ length: MESSAGES }, (_, n) => ({ data: { n, blob: new Uint8Array(8_000) }, binary: true }));

for (const dialect of [kebab, socketio]) {
  for (const [what, messages] of Object.entries({ texts, blobs })) {
    test(`${dialect.name}: a reply with a replay of ${what} fills half of what may be unsent, and not more`, async () => {
      const { bytes, limit } = await replay(dialect, messages);
      assertLessOrEqual(bytes, limit);
      assertGreater(bytes, limit * 0.8);
    });
  }
}

test("Socket.IO tells a replay in the event and in the acknowledgement, and both end with the newest message", async () => {
  const { frames } = await replay(socketio, texts);
  const [event, ack] = frames.map((frame) => String(frame));
  assertEquals([frames.length, event!.slice(0, 20), ack!.slice(0, 3)], [2, '42["conversationUser', "437"]);
  const [, told] = JSON.parse(event!.slice(2));
  const [acknowledged] = JSON.parse(ack!.slice(3));
  assertEquals(acknowledged.messages, told.messages);
  assertEquals(told.recovered, false);
  assert(told.messages.at(-1).content.startsWith(`${MESSAGES - 1} `));
});
