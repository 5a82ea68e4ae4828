/**
 * The composables of Vue in a fake world, with Vue itself: rooms entered and left with their components, refs that
 * templates read, and rendering on a server.
 */
import { after, before, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import type { Component } from "vue";
import type { Client } from "../../src/client/client.ts";
import { openDocument } from "./document.ts";
import { settled } from "./fake_platform.ts";
import { idleClient } from "./fixture.ts";
import { said } from "./said.ts";

let vue: typeof import("vue");
let parley: typeof import("../../src/client/vue.ts");
let close: () => Promise<void>;

before(async () => {
  close = openDocument();
  vue = await import("vue");
  parley = await import("../../src/client/vue.ts");
});
after(() => close());

interface Props {
  room?: string;
  count: number;
}

/** Components that look into one room, each for itself. */
function roomsOf(client: Client, props: Props): Component {
  const Look = vue.defineComponent({
    props: { room: String },
    setup: (props) => parley.useRoom(() => props.room, { history: 2 }),
    template: `<p>{{ isJoined ? "in" : "out" }}:{{ messages.map((message) => message.data.text).join() }}</p>`,
  });
  return {
    components: { Look },
    setup() {
      parley.provideClient(client);
      return { props };
    },
    template: `<Look v-for="n in props.count" :key="n" :room="props.room" />`,
  };
}

/** Throws what a component throws. */
function mount(component: Component) {
  const app = vue.createApp(component);
  const element = document.body.appendChild(document.createElement("div"));
  const failures: unknown[] = [];
  app.config.errorHandler = (error) => void failures.push(error);
  app.mount(element);
  for (const failure of failures) throw failure;
  return { text: () => element.textContent, unmount: () => app.unmount() };
}

async function changed(): Promise<void> {
  await settled();
  await vue.nextTick();
}

async function opened(props: Props) {
  const world = idleClient();
  const shown = vue.reactive(props);
  const mounted = mount(roomsOf(world.client, shown));
  await changed();
  world.platform.socket.greet();
  return { ...world, ...mounted, shown };
}

test("vue: components in one room make one join, see one list, and leave with the last of them", async () => {
  const { client, platform, shown, text, unmount } = await opened({ room: "lobby", count: 2 });
  assertEquals(platform.sockets.length, 1);
  assertEquals(platform.socket.count("join"), 1);
  assertEquals(text(), "out:out:");
  platform.socket.admit("lobby", { position: { epoch: "e", offset: 0 } });
  platform.socket.say(said("hi", 1));
  await changed();
  assertEquals(text(), "in:hiin:hi");
  shown.count = 1;
  await changed();
  await platform.advance(10);
  assertEquals(platform.socket.count("leave"), 0);
  unmount();
  await platform.advance(10);
  assertEquals(client.room("lobby").getSnapshot().status, "idle");
  assertEquals([client.status.state, platform.pending], ["closed", 0]);
});

test("vue: another room id leaves the one and joins the other, none is in none", async () => {
  const { platform, shown, text, unmount } = await opened({ room: "a", count: 1 });
  platform.socket.admit("a");
  shown.room = "b";
  await changed();
  await platform.advance(1);
  assertEquals(platform.socket.last("join").data.room, "b");
  assertEquals(platform.socket.last("leave").data.room, "a");
  platform.socket.admit("b");
  await changed();
  assertEquals(text(), "in:");
  shown.room = undefined;
  await changed();
  await platform.advance(1);
  assertEquals(platform.socket.last("leave").data.room, "b");
  assertEquals(text(), "out:");
  unmount();
});

test("vue: older messages are loaded until the list has as many as asked for, after each join", async () => {
  const { platform, unmount } = await opened({ room: "lobby", count: 1 });
  const position = { epoch: "e", offset: 5 };
  platform.socket.admit("lobby", { position });
  assertEquals(platform.socket.count("history"), 1);
  assertEquals(platform.socket.last("history").data.limit, 2);
  platform.socket.drop();
  await platform.advance(1000);
  platform.socket.greet("c2");
  platform.socket.admit("lobby", { position, recovered: true, messages: [said("x", 6), said("y", 7)] });
  assertEquals(platform.socket.count("history"), 0, "there are two");
  unmount();
});

test("vue: what a room can do is done in the room of that moment, and refused in none", async () => {
  const world = idleClient();
  const id = vue.ref<string | undefined>("lobby");
  const heard: string[] = [];
  let view!: ReturnType<typeof parley.useRoom>;
  const Talk = {
    setup() {
      view = parley.useRoom(id, { onMessage: ({ data }) => heard.push(String(data.text)) });
      return () => vue.h("i");
    },
  };
  const mounted = mount({
    setup() {
      parley.provideClient(world.client);
      return () => vue.h(Talk);
    },
  });
  await changed();
  world.platform.socket.greet();
  world.platform.socket.admit("lobby");
  const sent = view.sendToRoom("hi");
  const { id: frameId, room, data } = world.platform.socket.last("message");
  assertEquals([room, data], ["lobby", { text: "hi" }]);
  world.platform.socket.say({ ...said("hi", 1), id: frameId, from: "c1" });
  assertEquals((await sent)?.id, "m1");
  assertEquals(heard, ["hi"]);
  await world.platform.advance(5000);
  view.sendTyping();
  assertEquals(world.platform.socket.last("custom_event").data.event, "typing_start");
  id.value = undefined;
  await changed();
  assertEquals(await view.sendToRoom("hi").catch(({ code }) => code), "not_joined");
  assertEquals([view.room.value, await view.loadHistory()], [undefined, false]);
  mounted.unmount();
});

test("vue: the status follows the connection", async () => {
  const { client, platform } = idleClient();
  const Shown = { setup: () => ({ status: parley.useStatus() }), template: "<b>{{ status.state }}</b>" };
  const { text, unmount } = mount({
    components: { Shown },
    setup: () => parley.provideClient(client),
    template: "<Shown />",
  });
  await changed();
  assertEquals(text(), "connecting");
  platform.socket.greet();
  await changed();
  assertEquals(text(), "open");
  platform.socket.drop();
  await changed();
  assertEquals(text(), "reconnecting");
  unmount();
});

test("vue: without a client above, a component is told what is missing", () => {
  const lost = { setup: () => parley.useRoom("lobby"), render: () => null };
  assertThrows(() => mount(lost), TypeError, "no component above this one has called provideClient");
});

test("vue: rendering on a server connects nothing and enters nothing", async () => {
  const { renderToString } = await import("vue/server-renderer");
  const { client, platform } = idleClient();
  const html = await renderToString(vue.createSSRApp(roomsOf(client, { room: "lobby", count: 1 })));
  assertEquals(html, "<!--[--><p>out:</p><!--]-->");
  assertEquals([platform.sockets.length, platform.pending, client.status.state], [0, 0, "idle"]);
});
