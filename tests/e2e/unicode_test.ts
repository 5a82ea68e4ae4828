/**
 * Names as they reach clients: whole characters in every dialect, and rooms called by as many as are allowed.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { ADMIN_KEY, call, callAsAdmin, openStage } from "./http_stage.ts";
import { SocketioClients } from "./socketio_stage.ts";
import { JOIN, type JsonFrame, type Stage, type Talker } from "./stage.ts";

const SLOW = { timeout: 20_000 };

const DIALECTS: Record<string, (stage: Stage, name: string) => Promise<Talker>> = {
  envelope: (stage, name) => stage.envelope("eve", { name }),
  kebab: (stage, name) => stage.kebab("kim", { name }),
  snake: (stage, name) => stage.snake("sam", { name }),
  plain: (stage, name) => stage.plain("pat", { name }),
};

const MESSAGES: Record<string, (room: string) => JsonFrame> = {
  envelope: (room) => ({ type: "message", room, data: { text: "hi" } }),
  kebab: (roomId) => ({ type: "message", roomId, message: "hi" }),
  snake: (roomId) => ({ type: "message", roomId, content: "hi" }),
  plain: (room) => ({ type: "message", room, content: "hi" }),
};

test("a name that would be cut within an emoji has no half of it in any frame of any dialect", SLOW, async () => {
  await using stage = await openStage();
  await using clients = new SocketioClients(stage);
  const name = `${"n".repeat(127)}🎉`;
  const watcher = await clients.connect("walt");
  await watcher.ask("joinConversation", { conversationId: "lobby" });
  const talkers: Talker[] = [];
  for (const [dialect, open] of Object.entries(DIALECTS)) {
    const talker = await open(stage, name);
    await talker.ask(...JOIN[dialect]!("lobby"));
    talkers.push(talker);
    talker.say(MESSAGES[dialect]!("lobby"));
    assertEquals((await watcher.hear("newMessage")).senderName, "n".repeat(127));
  }
  for (const talker of talkers) {
    await talker.settle();
    for (const frame of talker.socket.frames) assert(!/\p{Cs}|\\ud[89a-f]/iu.test(String(frame)), String(frame));
  }
  const { text } = await call(stage, "GET /websocket/connections?user_id=eve", { bearer: ADMIN_KEY });
  assertEquals(JSON.parse(text).connections[0].name, "n".repeat(127));
});

test("a room's name has up to 255 characters at every door", SLOW, async () => {
  await using stage = await openStage();
  await using clients = new SocketioClients(stage);
  const room = "r".repeat(255);
  const longer = `${room}r`;
  const url = `/api/chat/rooms/${room}/messages`;
  const guest = await stage.talker(`/ws/${room}`);
  await guest.hear({ type: "user_list", room });
  const socketio = await clients.connect("ann");
  assertEquals((await socketio.ask("joinConversation", { conversationId: room })).ok, true);
  assertEquals((await socketio.ask("joinConversation", { conversationId: longer })).error.code, "bad_message");
  for (const [dialect, open] of Object.entries(DIALECTS)) {
    const talker = await open(stage, "Somebody");
    const [join, joined] = JOIN[dialect]!(room);
    await talker.ask({ ...join, id: "j" }, joined);
    await talker.ask({ ...JOIN[dialect]!(longer)[0], id: "l" }, { type: "error" });
    assertEquals((await callAsAdmin(stage, `POST ${url}`, { body: { content: dialect } })).status, 201);
    await guest.hear({ type: "message", content: dialect });
  }
  assertEquals((await callAsAdmin(stage, `POST ${url.replace(room, longer)}`, { body: { content: "x" } })).status, 400);
  assertEquals((await callAsAdmin(stage, `GET /websocket/rooms/${room}`)).body.member_count, 6);
});

test("a user whose id is as long as a room's name can be written to", SLOW, async () => {
  await using stage = await openStage();
  const user = "u".repeat(255);
  const long = await stage.snake(user);
  const eve = await stage.envelope("eve");
  eve.say({ type: "message", to: user, data: { text: "hi" } });
  await long.hear({ type: "new_message", content: "hi" });
  const kim = await stage.kebab("kim");
  kim.say({ type: "message", userId: user, message: "ho" });
  await long.hear({ type: "new_message", content: "ho" });
  const { status } = await callAsAdmin(stage, `POST /websocket/users/${user}/message`, { body: { type: "nudge" } });
  assertEquals(status, 200);
  await long.hear({ type: "nudge" });
});

test("the description says which names rooms and users can have", SLOW, async () => {
  await using stage = await openStage();
  const { paths } = (await call(stage, "GET /openapi.json")).body as { paths: Record<string, JsonFrame> };
  const { get } = paths["/websocket/rooms/{id}"] as { get: { parameters: { schema: JsonFrame }[] } };
  const { minLength, maxLength, pattern } = get.parameters[0]!.schema;
  assertEquals([minLength, maxLength], [1, 255]);
  const names = ["lobby", "ünïcödé 🎉", "*", "a\nb", "a\u0085b"];
  assertEquals(names.map((name) => new RegExp(String(pattern), "u").test(name)), [true, true, false, false, false]);
});
