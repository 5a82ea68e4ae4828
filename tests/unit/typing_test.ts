/** Typing ends with the message, whatever the dialect of the typist and of the others. */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { memoryBroker } from "../memory_broker.ts";
import { type JsonFrame, TestCore, token } from "../test_core.ts";
import { SlowBroker } from "../slow_broker.ts";

const ROOM = "hall";
const JOIN: Record<string, JsonFrame> = {
  envelope: { type: "system", id: "j", data: { action: "join", room: ROOM } },
  kebab: { type: "join-room", roomId: ROOM },
  snake: { type: "join_room", roomId: ROOM },
};
/** Plain cannot type, and does not hear of it. */
const TYPE: Record<string, JsonFrame> = {
  envelope: { type: "custom_event", room: ROOM, data: { event: "typing_start" } },
  kebab: { type: "typing-start", roomId: ROOM },
  snake: { type: "typing_start", roomId: ROOM },
};
const SAY: Record<string, JsonFrame> = {
  envelope: { type: "message", room: ROOM, data: { text: "hi" } },
  kebab: { type: "message", roomId: ROOM, message: "hi" },
  snake: { type: "message", roomId: ROOM, content: "hi" },
};

async function join(core: TestCore, dialect: string, user: string) {
  const path = dialect === "envelope" ? "/websocket/connect" : "/ws";
  const socket = await core.connect(`${path}?dialect=${dialect}&token=${token(user)}`);
  socket.say(JOIN[dialect]!);
  return socket;
}

/** What was told since the last look, in short. */
function told(frames: JsonFrame[]): string[] {
  return frames.splice(0).map(({ type, data }) => String((data as JsonFrame | undefined)?.event ?? type))
    .filter((name) => /typ|message/.test(name)).map((name) => name.replace("-", "_"));
}

for (const dialect of Object.keys(JOIN)) {
  test(`${dialect}: a message of who is typing there stops the typing first`, async () => {
    const core = new TestCore(memoryBroker());
    const typist = await join(core, dialect, "ann");
    const others = [await join(core, "envelope", "eve"), await join(core, "kebab", "kim")];
    const elsewhere = { ...SAY[dialect], room: "other", roomId: "other" };
    for (const room of [ROOM, "other"]) {
      typist.say({ ...JOIN[dialect], roomId: room, data: { action: "join", room } });
    }
    typist.say(TYPE[dialect]!);
    typist.say(elsewhere);
    for (const { frames } of others) {
      assertEquals(told(frames), ["typing_start"], "another room's message stops nothing");
    }
    typist.say(SAY[dialect]!);
    typist.say(SAY[dialect]!);
    for (const { frames } of others) assertEquals(told(frames), ["typing_stop", "message", "message"]);
    assertEquals(core.hub.typing.takeExpired(Infinity), []);
  });
}

test("with a broker that answers later the order is the same", { timeout: 20_000 }, async () => {
  const broker = new SlowBroker();
  const core = new TestCore(broker);
  const typist = await join(core, "kebab", "ann");
  const other = await join(core, "kebab", "bob");
  await broker.settled();
  typist.say(TYPE.kebab!);
  typist.say(SAY.kebab!);
  await broker.settled();
  assertEquals(told(other.frames), ["typing_start", "typing_stop", "message"]);
});
