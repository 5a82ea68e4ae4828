/**
 * The stores of Svelte in a fake world, with Svelte itself: rooms entered and left with their components, stores made
 * outside of any, and rendering on a server.
 */
import { after, before, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { get, readable, writable } from "svelte/store";
import type { Client } from "../../src/client/client.ts";
import { useRoom, useStatus } from "../../src/client/svelte.ts";
import { openDocument } from "./document.ts";
import { settled } from "./fake_platform.ts";
import { idleClient } from "./fixture.ts";
import { said } from "./said.ts";
import { svelteModule } from "./svelte_module.ts";

const COMPONENTS = {
  App: `<script>
    import { provideClient } from "../../src/client/svelte.ts";
    import Look from "./Look.js";
    let { client, room, count } = $props();
    provideClient(client);
  </script>
  {#each { length: count } as _}<Look {room} />{/each}`,
  Look: `<script>
    import { toStore } from "svelte/store";
    import { useRoom, useStatus } from "../../src/client/svelte.ts";
    let { room } = $props();
    const view = useRoom(toStore(() => room), { history: 2 });
    const status = useStatus();
  </script>
  <p>{$status.state} {$view.isJoined ? "in" : "out"}:{$view.messages.map((message) => message.data.text).join()}</p>`,
  Lost: `<script>
    import { useRoom } from "../../src/client/svelte.ts";
    const view = useRoom("lobby");
  </script>
  {$view.id}`,
};

interface Props {
  client: Client;
  room?: string;
  count: number;
}

interface Browser {
  flushSync(): void;
  open(target: HTMLElement, props: Props): { set(props: Partial<Props>): void; close(): Promise<void> };
  openLost(target: HTMLElement): void;
}

const IN_A_BROWSER = `
  import { flushSync, mount, unmount } from "svelte";
  import { createClassComponent } from "svelte/legacy";
  import App from "./App.js";
  import Lost from "./Lost.js";
  export { flushSync };
  export function open(target, props) {
    const app = createClassComponent({ component: App, target, props });
    return { set: (props) => app.$set(props), close: () => app.$destroy() };
  }
  export const openLost = (target) => mount(Lost, { target });`;

let browser: Browser;
let close: () => Promise<void>;

before(async () => {
  close = openDocument();
  browser = await svelteModule({ components: COMPONENTS, entry: IN_A_BROWSER, on: "client" });
});
after(() => close());

async function changed(): Promise<void> {
  await settled();
  browser.flushSync();
}

async function opened(props: Omit<Props, "client">) {
  const world = idleClient();
  const element = document.body.appendChild(document.createElement("div"));
  const app = browser.open(element, { client: world.client, ...props });
  await changed();
  world.platform.socket.greet();
  await changed();
  return { ...world, app, text: () => element.textContent };
}

test("svelte: components in one room make one join, see one list, and leave with the last of them", async () => {
  const { client, platform, app, text } = await opened({ room: "lobby", count: 2 });
  assertEquals([platform.sockets.length, platform.socket.count("join")], [1, 1]);
  assertEquals(text(), "open out:open out:");
  platform.socket.admit("lobby", { position: { epoch: "e", offset: 0 } });
  platform.socket.say(said("hi", 1));
  await changed();
  assertEquals(text(), "open in:hiopen in:hi");
  app.set({ count: 1 });
  await changed();
  await platform.advance(10);
  assertEquals(platform.socket.count("leave"), 0);
  await app.close();
  await platform.advance(10);
  assertEquals(client.room("lobby").getSnapshot().status, "idle");
  assertEquals([client.status.state, platform.pending], ["closed", 0]);
});

test("svelte: another room id leaves the one and joins the other, none is in none", async () => {
  const { platform, app, text } = await opened({ room: "a", count: 1 });
  platform.socket.admit("a");
  app.set({ room: "b" });
  await changed();
  await platform.advance(1);
  assertEquals(platform.socket.last("join").data.room, "b");
  assertEquals(platform.socket.last("leave").data.room, "a");
  platform.socket.admit("b");
  await changed();
  assertEquals(text(), "open in:");
  app.set({ room: undefined });
  await changed();
  await platform.advance(1);
  assertEquals(platform.socket.last("leave").data.room, "b");
  assertEquals(text(), "open out:");
  await app.close();
});

test("svelte: older messages are loaded until the list has as many as asked for, after each join", async () => {
  const { platform, app } = await opened({ room: "lobby", count: 1 });
  const position = { epoch: "e", offset: 5 };
  platform.socket.admit("lobby", { position });
  assertEquals(platform.socket.count("history"), 1);
  assertEquals(platform.socket.last("history").data.limit, 2);
  platform.socket.drop();
  await platform.advance(1000);
  platform.socket.greet("c2");
  platform.socket.admit("lobby", { position, recovered: true, messages: [said("x", 6), said("y", 7)] });
  assertEquals(platform.socket.count("history"), 0, "there are two");
  await app.close();
});

test("svelte: what a room can do is done in the room of that moment, and refused in none", async () => {
  const { client, platform } = idleClient();
  const id = writable<string | undefined>("lobby");
  const heard: string[] = [];
  const store = useRoom(id, { onMessage: ({ data }) => heard.push(String(data.text)) }, client);
  const release = client.retain();
  await settled();
  platform.socket.greet();
  await platform.advance(5000);
  assertEquals(platform.socket.count("join"), 0, "nobody looks yet");
  const stop = store.subscribe(() => undefined);
  platform.socket.admit("lobby");
  const sent = get(store).sendToRoom("hi");
  const { id: frameId, room, data } = platform.socket.last("message");
  assertEquals([room, data], ["lobby", { text: "hi" }]);
  platform.socket.say({ ...said("hi", 1), id: frameId, from: "c1" });
  assertEquals((await sent)?.id, "m1");
  assertEquals(heard, ["hi"]);
  get(store).sendTyping();
  assertEquals(platform.socket.last("custom_event").data.event, "typing_start");
  id.set(undefined);
  assertEquals(await get(store).sendToRoom("hi").catch(({ code }) => code), "not_joined");
  assertEquals([get(store).room, await get(store).loadHistory()], [undefined, false]);
  stop();
  release();
  await platform.advance(10);
  assertEquals([get(useStatus(client)).state, platform.pending], ["closed", 0]);
});

test("svelte: a room may be named by a text, or by a store that never changes", () => {
  const { client } = idleClient();
  for (const name of ["lobby", readable("lobby")]) assertEquals(get(useRoom(name, {}, client)).id, "lobby");
});

test("svelte: without a client above, a component is told what is missing", () => {
  const lost = () => browser.openLost(document.body);
  assertThrows(lost, TypeError, "neither this component nor one above has called provideClient");
});

test("svelte: rendering on a server connects nothing", async () => {
  const entry = `
    import { render } from "svelte/server";
    import App from "./App.js";
    export const html = (props) => render(App, { props }).body;`;
  const server = await svelteModule<{ html(props: Props): string }>({ components: COMPONENTS, entry, on: "server" });
  const { client, platform } = idleClient();
  const html = server.html({ client, room: "lobby", count: 1 });
  assertEquals(html.replace(/<!--.*?-->/g, ""), "<p>idle out:</p>");
  await platform.advance(10);
  assertEquals([platform.sockets.length, platform.pending, client.room("lobby").getSnapshot().status], [0, 0, "idle"]);
});
