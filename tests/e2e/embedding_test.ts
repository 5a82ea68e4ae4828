/**
 * Parley inside a program: hooks, calls, events of its own, and what a hook that fails does.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import { io } from "socket.io-client";
import { ParleyError } from "../../src/mod.ts";
import { eventually } from "../harness.ts";
import { JOIN, type JsonFrame, TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };

test("hooks see connections come and go, refuse joins, and change or refuse messages", SLOW, async () => {
  const seen: unknown[] = [];
  await using server = await TestServer.open({
    hooks: {
      onConnect: (client) => void seen.push(["connect", client.userId, client.dialect]),
      onJoin: async (client, room) => {
        await Promise.resolve();
        return room !== "secret" || client.userId === "eve";
      },
      onMessage: (_client, { data }) => {
        const { text } = data as { text: string };
        if (text === "rude") return false;
        return text === "typo" ? { data: { text: "fixed" } } : undefined;
      },
      onDisconnect: (client, code) =>
        void seen.push(["disconnect", client.userId, client.rooms.includes("lobby"), code]),
    },
  });
  const kim = await server.snake("kim");
  await kim.ask({ type: "join_room", roomId: "secret" }, { type: "error", code: "forbidden", roomId: "secret" });
  await kim.ask(...JOIN.snake!("lobby"));
  await kim.ask({ type: "message", roomId: "lobby", content: "rude" }, { type: "error", code: "forbidden" });
  await kim.ask({ type: "message", roomId: "lobby", content: "typo" }, { type: "new_message", content: "fixed" });
  await kim.socket.close(1000);
  await eventually(() => seen.length === 2);
  assertEquals(seen, [["connect", "kim", "snake"], ["disconnect", "kim", true, 1000]]);
});

test("commands of one connection keep their order while a hook waits", SLOW, async () => {
  await using server = await TestServer.open({
    hooks: {
      onMessage: async (_client, { data }) => {
        if ((data as { text: string }).text === "1") await new Promise((resolve) => setTimeout(resolve, 50));
      },
    },
  });
  const kim = await server.snake("kim");
  await kim.ask(...JOIN.snake!("lobby"));
  for (let n = 1; n <= 5; n++) kim.say({ type: "message", roomId: "lobby", content: String(n) });
  await kim.settle();
  assertEquals(kim.heard({ type: "new_message" }).map(({ content }) => content), ["1", "2", "3", "4", "5"]);
});

test("a hook that fails is answered as internal, logged whole, and told to nobody", SLOW, async () => {
  await using server = await TestServer.open({
    hooks: {
      onJoin: (_client, room) => {
        if (room === "odd") throw new Error("the database is purple");
        if (room === "full") throw new ParleyError("room_full", "Cannot join: the table is taken");
      },
    },
  });
  const kim = await server.kebab("kim");
  const internal = await kim.ask({ type: "join-room", roomId: "odd" }, { type: "error", code: "internal" });
  assertEquals(String(internal.message).includes("purple"), false);
  assertEquals(server.log.some((line) => line.includes("the database is purple")), true);
  await kim.ask({ type: "join-room", roomId: "full" }, { type: "error", code: "room_full" });
});

test("the calls of document 002 reach clients, users, rooms and everybody", SLOW, async () => {
  await using testServer = await TestServer.open();
  const { parley: server } = testServer;
  const kim = await testServer.kebab("kim");
  const sam = await testServer.snake("sam");
  await kim.ask(...JOIN.kebab!("lobby"));
  const [{ clientId }] = kim.heard({ type: "connected" }) as [JsonFrame];
  await server.sendToClient(String(clientId), { type: "notification", text: "Hello!" });
  await kim.hear({ type: "notification", text: "Hello!" });
  await assertRejects(() => server.sendToClient("nobody", { type: "x" }), ParleyError);
  await server.sendToUser("sam", { type: "update", text: "Hello user!" });
  await sam.hear({ type: "update", text: "Hello user!" });
  await server.sendToUser("sam", { type: "notification", text: "Hello user!" });
  await sam.hear({ type: "notification", text: "Hello user!", data: { text: "Hello user!", read: false } });
  const sent = await server.sendToRoom("lobby", { type: "update", data: { n: 1 } });
  await kim.hear({ type: "update", data: { n: 1 }, roomId: "lobby" });
  assertEquals(sent.recipients, 1);
  const all = await server.broadcast({ type: "announcement", text: "soon" });
  await kim.hear({ type: "announcement", text: "soon" });
  await sam.hear({ type: "announcement", text: "soon" });
  assertEquals(all.recipients, 2);
  assertEquals(server.getClient(String(clientId))!.userId, "kim");
  assertEquals(server.getRoom("lobby").map(({ id }) => id), [clientId]);
  assertEquals([server.getClientCount(), server.getRoomCount()], [2, 1]);
});

test("a Socket.IO client can be asked, and answers; others cannot, and silence is told", SLOW, async () => {
  await using server = await TestServer.open();
  const client = io(server.url(""), { forceNew: true });
  client.on("price?", (item: string, answer: (price: number) => void) => answer(item === "tea" ? 3 : 0));
  await new Promise<void>((resolve) => client.on("connect", () => resolve()));
  assertEquals(await server.parley.ask(client.id!, "price?", "tea"), 3);
  const silence = await assertRejects(() => server.parley.ask(client.id!, "nobody listens", 1, 50), ParleyError);
  const kebab = await server.kebab();
  const [{ clientId }] = kebab.heard({ type: "connected" }) as [JsonFrame];
  const mute = await assertRejects(() => server.parley.ask(String(clientId), "price?", "tea"), ParleyError);
  const nobody = await assertRejects(() => server.parley.ask("nobody", "price?", "tea"), ParleyError);
  assertEquals([silence, mute, nobody].map(({ code }) => code), ["unavailable", "unsupported_type", "not_found"]);
  client.close();
});

test("a backend's own message is published as it gives it, and kept", SLOW, async () => {
  await using server = await TestServer.open();
  const sam = await server.snake("sam");
  await sam.ask(...JOIN.snake!("lobby"));
  const timestamp = 1_700_000_000_000;
  const given = {
    id: "42",
    content: "stored",
    timestamp,
    sender_user_id: 7,
    sender_name: "Seven",
    reactions: [],
    edited: true,
  };
  await server.parley.broadcastNewMessage("lobby", given);
  await sam.hear({ type: "new_message", roomId: "lobby", ...given });
  const kim = await server.kebab();
  const joined = await kim.ask({ type: "join-room", roomId: "lobby", since: { epoch: "x", offset: 0 } }, {
    type: "room-joined",
  });
  assertEquals((joined.messages as JsonFrame[]).map(({ id, message }) => [id, message]), [["42", "stored"]]);
});

test("wrong settings are refused with every problem", SLOW, async () => {
  const error = await assertRejects(
    () => TestServer.open({ websocketMaxRooms: -1, historySize: "many" as never }),
    ParleyError,
  );
  assertEquals(["websocketMaxRooms", "historySize"].every((name) => error.message.includes(name)), true);
});

test("a misspelt hook keeps the server from starting, and what its settings let in is warned of", SLOW, async () => {
  const misspelt = { onJion: () => false } as object;
  await assertRejects(
    () => TestServer.open({ hooks: misspelt }),
    ParleyError,
    'no hook "onJion", did you mean onJoin?',
  );
  await using open = await TestServer.open();
  await using closed = await TestServer.open({ websocketRequireAuth: true });
  const warned = [open, closed].map(({ log }) => log.filter((line) => line.includes("guests may join")).length);
  assertEquals(warned, [1, 0]);
});
