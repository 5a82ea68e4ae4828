/**
 * Between people: direct messages, statuses and followers, and the inbox of each user.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { JOIN, type JsonClient, type JsonFrame, TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };

function connectionOf(client: JsonClient): string {
  const [frame] = client.heard({ type: "connected" });
  return String(frame!.clientId);
}

test("a direct message reaches every tab of a user and nobody else, and is acknowledged", SLOW, async () => {
  await using server = await TestServer.open();
  const eve = await server.envelope("eve");
  const tabs = [await server.kebab("kim"), await server.snake("kim")];
  const other = await server.kebab("lou");
  await eve.ask({ type: "message", id: "d", to: "kim", data: { text: "psst" } }, { type: "system", id: "d" });
  await tabs[0]!.hear({ type: "message", message: "psst", userId: "eve" });
  await tabs[1]!.hear({ type: "new_message", content: "psst", sender_user_id: "eve" });
  await other.settle();
  assertEquals(other.heard({ type: "message" }), []);
  assertEquals(eve.heard({ type: "message" }), []);
});

test("a connection id reaches that connection alone", SLOW, async () => {
  await using server = await TestServer.open();
  const eve = await server.envelope("eve");
  const tabs = [await server.kebab("kim"), await server.kebab("kim")];
  await eve.ask({ type: "message", id: "d", to: connectionOf(tabs[1]!), data: { text: "you" } }, { id: "d" });
  await tabs[1]!.hear({ type: "message", message: "you" });
  await tabs[0]!.settle();
  assertEquals(tabs[0]!.heard({ type: "message" }), []);
});

test("a guest reaches only those it shares a room with; otherwise nobody is there", SLOW, async () => {
  await using server = await TestServer.open();
  const kim = await server.kebab("kim");
  const guest = await server.kebab();
  const frame = { type: "message", to: "kim", message: "hello" };
  await guest.ask(frame, { type: "error", code: "not_found" });
  await guest.ask({ ...frame, to: connectionOf(kim) }, { type: "error", code: "not_found" });
  await kim.ask(...JOIN.kebab!("lobby"));
  await guest.ask(...JOIN.kebab!("lobby"));
  guest.say(frame);
  await kim.hear({ type: "message", message: "hello" });
  await guest.ask({ ...frame, to: "nobody" }, { type: "error", code: "not_found" });
});

test("publishing again with the same id and content is answered, not delivered again", SLOW, async () => {
  await using server = await TestServer.open();
  const eve = await server.envelope("eve");
  const kim = await server.kebab("kim");
  await eve.ask(...JOIN.envelope!("lobby"));
  await kim.ask(...JOIN.kebab!("lobby"));
  const frame = { type: "message", id: "1", room: "lobby", data: { text: "once" } };
  const first = await eve.ask(frame, { type: "message", id: "1" });
  const again = await eve.ask(frame, { type: "system", id: "1" });
  const { message_id, duplicate, position } = again.data as JsonFrame;
  assertEquals([message_id, duplicate, position], [first.message_id, true, first.position]);
  await eve.ask({ ...frame, data: { text: "other" } }, { type: "message", id: "1", data: { text: "other" } });
  const direct = { type: "message", id: "2", to: "kim", data: { text: "direct" } };
  const sent = await eve.ask(direct, { type: "system", id: "2" });
  const resent = await eve.ask(direct, { type: "system", id: "2", data: { duplicate: true } });
  assertEquals((sent.data as JsonFrame).message_id, (resent.data as JsonFrame).message_id);
  const one = { ...direct, id: "3", to: connectionOf(kim) };
  await eve.ask(one, { type: "system", id: "3" });
  await eve.ask(one, { type: "system", id: "3", data: { duplicate: true } });
  await kim.settle();
  assertEquals(kim.heard({ type: "message" }).map((each) => each.message), ["once", "other", "direct", "direct"]);
});

test("a publish without echo goes to the others and is acknowledged", SLOW, async () => {
  await using server = await TestServer.open();
  const eve = await server.envelope("eve");
  const kim = await server.kebab("kim");
  await eve.ask(...JOIN.envelope!("lobby"));
  await kim.ask(...JOIN.kebab!("lobby"));
  await eve.ask({ type: "message", id: "q", room: "lobby", echo: false, data: { text: "quiet" } }, {
    type: "system",
    id: "q",
  });
  await kim.hear({ type: "message", message: "quiet" });
  await eve.settle();
  assertEquals(eve.heard({ type: "message" }), []);
});

test(
  "a status is told to rooms and followers, the sender's copy included, and only when it changes",
  SLOW,
  async () => {
    await using server = await TestServer.open();
    const eve = await server.envelope("eve");
    const fan = await server.envelope("fan");
    const mate = await server.envelope("mate");
    await eve.ask(...JOIN.envelope!("lobby"));
    await mate.ask(...JOIN.envelope!("lobby"));
    const following = await fan.ask(
      { type: "system", id: "f", data: { action: "subscribe_presence", userId: "eve" } },
      { id: "f" },
    );
    assertEquals((following.data as JsonFrame).status, "online");
    const away = { type: "presence", id: "a", data: { status: "away", metadata: { mood: "tea" } } };
    eve.say(away);
    const expected = { type: "presence", data: { user_id: "eve", status: "away", metadata: { mood: "tea" } } };
    for (const client of [eve, mate]) await client.hear({ ...expected, room: "lobby" });
    await fan.hear(expected);
    await eve.ask(away, { type: "system", id: "a" });
    for (const status of ["busy", "online", "busy"]) eve.say({ type: "presence", data: { status } });
    await mate.hear({ type: "presence", room: "lobby", data: { status: "busy" } });
    await mate.settle();
    assertEquals(mate.heard({ type: "presence" }).length, 2);
  },
);

test(
  "followers see the first connection come and the last one go; rooms see the join and the leave",
  SLOW,
  async () => {
    await using server = await TestServer.open();
    const fan = await server.envelope("fan");
    const state = await fan.ask({ type: "system", id: "f", data: { action: "subscribe_presence", userId: "eve" } }, {
      id: "f",
    });
    assertEquals((state.data as JsonFrame).status, "offline");
    const first = await server.envelope("eve");
    await fan.hear({ type: "presence", data: { user_id: "eve", status: "online" } });
    const second = await server.snake("eve");
    first.close();
    await fan.settle();
    second.close();
    await fan.hear({ type: "presence", data: { user_id: "eve", status: "offline" } });
    assertEquals(fan.heard({ type: "presence" }).length, 2);
    await fan.ask({ type: "system", id: "u", data: { action: "unsubscribe_presence", userId: "eve" } }, { id: "u" });
    await server.snake("eve");
    await fan.settle();
    assertEquals(fan.heard({ type: "presence" }).length, 2);
  },
);

test("a notification is kept, counted, told to all tabs, paged and marked as read", SLOW, async () => {
  await using server = await TestServer.open();
  const eve = await server.envelope("eve");
  const tab = await server.kebab("eve");
  for (const title of ["one", "two", "three"]) {
    await server.parley.sendToUser("eve", { type: "notification", data: { title, body: `${title}!` } });
  }
  const last = await eve.hear({
    type: "notification",
    room: "user:eve",
    data: { title: "three", message: "three!", read: false },
  });
  await eve.hear({ type: "custom_event", room: "user:eve", data: { event: "unread_count", count: 3 } });
  await tab.hear({ type: "notification", data: { title: "three" } });
  const page = await eve.ask({ type: "system", id: "n", data: { action: "notifications", limit: 2 } }, { id: "n" });
  const { notifications, unread } = page.data as { notifications: JsonFrame[]; unread: number };
  assertEquals([notifications.map(({ title }) => title), unread], [["three", "two"], 3]);
  const before = notifications[1]!.id;
  const rest = await eve.ask({ type: "system", id: "r", data: { action: "notifications", before } }, { id: "r" });
  assertEquals((rest.data as { notifications: JsonFrame[] }).notifications.map(({ title }) => title), ["one"]);
  const id = (last.data as JsonFrame).id;
  eve.say({ type: "system", id: "m", data: { action: "mark_read", notification_id: id } });
  await eve.hear({ type: "custom_event", data: { event: "unread_count", count: 2 } });
  eve.close();
  const again = await server.envelope("eve");
  await again.hear({ type: "custom_event", data: { event: "unread_count", count: 2 } });
  again.say({ type: "system", id: "all", data: { action: "mark_read" } });
  await again.hear({ type: "custom_event", data: { event: "unread_count", count: 0 } });
});

test("a group change moves live connections: in before they are told, out after", SLOW, async () => {
  await using server = await TestServer.open();
  const eve = await server.envelope("eve", { groups: ["crew"] });
  const change = (group_id: string, joined: boolean) =>
    server.parley.sendToUser("eve", { type: "group_membership_change", data: { user_id: "eve", group_id, joined } });
  await change("fleet", true);
  await eve.hear({ type: "group_membership_change", data: { group_id: "fleet", joined: true } });
  await eve.ask({ type: "message", id: "g", room: "group:fleet", data: 1 }, { type: "message", id: "g" });
  await change("crew", false);
  await eve.hear({ type: "group_membership_change", data: { group_id: "crew", joined: false } });
  await eve.hear({ type: "room_left", room: "group:crew" });
  const again = await server.envelope("eve", { groups: ["crew"] });
  const [greeting] = again.heard({ type: "system_notification" });
  assertEquals((greeting!.data as JsonFrame).rooms, ["user:eve", "group:fleet"]);
  assert(server.parley.getClientCount() === 2);
});

test("the greeting says what a connection may do", SLOW, async () => {
  const rates = { websocketMessageRate: 7, websocketByteRate: 262_144, websocketJoinRate: 10 };
  await using server = await TestServer.open({ ...rates, websocketMaxRooms: 3, websocketMaxMessageBytes: 4096 });
  const [greeting] = (await server.envelope("eve")).heard({ type: "system_notification" });
  assertEquals((greeting!.data as JsonFrame).limits, {
    rate: 7,
    burst: 100,
    bytesPerSecond: 262_144,
    maxBytes: 4096,
    rooms: 3,
    joinsPerSecond: 10,
  });
});

test(
  "up to 200 users are followed by one frame, for a token each ten, and their states are one answer",
  SLOW,
  async () => {
    await using server = await TestServer.open({ websocketMessageRate: 1, websocketMessageBurst: 28 });
    const [eve, kim] = [await server.envelope("eve"), await server.envelope("kim")];
    await kim.ask({ type: "presence", id: "p", data: { status: "busy" } }, { id: "p" });
    const others = Array.from({ length: 199 }, (_, n) => `user-${n}`);
    const follow = (action: string, userIds: string[]) => ({ type: "system", id: action, data: { action, userIds } });
    const { data } = await eve.ask(follow("subscribe_presence", ["kim", ...others]), { id: "subscribe_presence" });
    const { states } = data as { states: JsonFrame[] };
    assertEquals(states.map(({ userId }) => userId), ["kim", ...others]);
    assertEquals([states[0]!.status, states[1]!.status], ["busy", "offline"]);
    await kim.ask({ type: "presence", id: "q", data: { status: "away" } }, { id: "q" });
    await eve.hear({ type: "presence", data: { userId: "kim", status: "away" } });

    const one = { type: "system", id: "one", data: { action: "subscribe_presence", userId: "one too many" } };
    await eve.ask(one, { type: "error", data: { code: "forbidden", request: "one" } });
    // Of 28 tokens 21 are gone, and a hundred users are ten.
    const many = follow("unsubscribe_presence", others.slice(0, 100));
    await eve.ask(many, { type: "error", data: { code: "rate_limited" } });
    await eve.ask(follow("unsubscribe_presence", ["kim"]), {
      id: "unsubscribe_presence",
      data: { action: "unsubscribe_presence" },
    });
    const lou = await server.kebab("lou");
    await lou.settle();
    await kim.ask({ type: "presence", id: "r", data: { status: "online" } }, { id: "r" });
    await eve.settle();
    assertEquals(eve.heard({ type: "presence", data: { status: "online" } }), []);
  },
);
