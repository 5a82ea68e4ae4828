/**
 * The hooks under Strict Mode, in a fake world: several components in one room, unmounting in every state, and rendering
 * on a server.
 */
import { after, before, test } from "node:test";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { useEffect } from "react";
import { renderToString } from "react-dom/server";
import type { Client } from "../../src/client/client.ts";
import {
  ParleyProvider,
  usePersonalRoom,
  usePresence,
  useRealtime,
  useRealtimeMessages,
  useRealtimeNotifications,
  useRoom,
  useWebSocketStatus,
} from "../../src/client/react.ts";
import { FakePlatform, settled } from "./fake_platform.ts";
import { idleClient, tokenUntil } from "./fixture.ts";
import { openPage, type Page } from "./page.tsx";
import { said as message } from "./said.ts";

let page: Page;
before(async () => page = await openPage());
after(() => page.close());

async function greeted(platform: FakePlatform): Promise<void> {
  await page.act(settled);
  await page.act(() => platform.socket.greet());
}

function Messages({ room = "lobby" }: { room?: string }) {
  const { messages, isJoined } = useRoom(room);
  return <p>{isJoined ? "in" : "out"}:{messages.map((frame) => frame.data.text).join()}</p>;
}

function Status() {
  const { isConnected, connectionState } = useWebSocketStatus();
  return <b>{connectionState}{isConnected ? "!" : ""}</b>;
}

test("the provider connects, tells the state, and closes when it goes", async () => {
  const { client, platform } = idleClient();
  const mounted = await page.mount(
    <ParleyProvider client={client}>
      <Status />
    </ParleyProvider>,
  );
  assertEquals(mounted.text(), "connecting");
  await greeted(platform);
  assertEquals(mounted.text(), "open!");
  assertEquals(platform.sockets.length, 1, "Strict Mode mounts twice and connects once");
  await page.act(() => platform.socket.drop());
  assertEquals(mounted.text(), "reconnecting");
  await mounted.unmount();
  await platform.advance(0);
  assertEquals(client.status.state, "closed");
  assertEquals(platform.pending, 0);
});

test("several components in one room: one join, one list, one leave", async () => {
  const { client, platform } = idleClient();
  const tree = (count: number) => (
    <ParleyProvider client={client}>
      {Array.from({ length: count }, (_, key) => <Messages key={key} />)}
    </ParleyProvider>
  );
  const mounted = await page.mount(tree(3));
  await greeted(platform);
  assertEquals(platform.socket.count("join"), 1);
  await page.act(() => platform.socket.admit("lobby", { position: { epoch: "e", offset: 0 } }));
  await page.act(() => platform.socket.say(message("hi", 1)));
  assertEquals(mounted.text(), "in:hi".repeat(3));
  await mounted.rerender(tree(1));
  await platform.advance(10);
  assertEquals(platform.socket.count("leave"), 0);
  await mounted.rerender(tree(0));
  await platform.advance(10);
  assertEquals(platform.socket.count("leave"), 1);
  await mounted.unmount();
});

test("another room id leaves the one and joins the other", async () => {
  const { client, platform } = idleClient();
  const tree = (room: string) => (
    <ParleyProvider client={client}>
      <Messages room={room} />
    </ParleyProvider>
  );
  const mounted = await page.mount(tree("a"));
  await greeted(platform);
  await page.act(() => platform.socket.admit("a"));
  await mounted.rerender(tree("b"));
  await page.act(() => platform.advance(1));
  assertEquals(platform.socket.last("join").data.room, "b");
  assertEquals(platform.socket.last("leave").data.room, "a");
  await mounted.unmount();
});

for (const state of ["idle", "connecting", "open", "joined", "reconnecting", "closed"]) {
  test(`unmounting while ${state} leaves nothing behind`, async () => {
    const { client, platform } = idleClient();
    const mounted = await page.mount(
      <ParleyProvider client={client} autoConnect={state !== "idle"}>
        <Messages />
        <Status />
      </ParleyProvider>,
    );
    if (["open", "joined", "reconnecting", "closed"].includes(state)) await greeted(platform);
    if (state === "joined") await page.act(() => platform.socket.admit("lobby"));
    if (state === "reconnecting") await page.act(() => platform.socket.drop());
    if (state === "closed") await page.act(() => platform.socket.drop(4403));
    await mounted.unmount();
    await platform.advance(1);
    assertEquals(platform.pending, 0);
    assertEquals(client.room("lobby").getSnapshot().status, "idle");
  });
}

test("useRoom: the callbacks are those of the last render, history is loaded once", async () => {
  const { client, platform } = idleClient();
  const heard: string[] = [];
  function Chat({ name }: { name: string }) {
    const { messages, sendToRoom } = useRoom("lobby", {
      history: 20,
      onMessage: (frame) => heard.push(`${name}:${frame.data.text}`),
    });
    return (
      <button type="button" onClick={() => sendToRoom({ type: "message", data: { text: "yo" } })}>
        {messages.map((frame) => frame.data.text).join()}
      </button>
    );
  }
  const tree = (name: string) => (
    <ParleyProvider client={client}>
      <Chat name={name} />
    </ParleyProvider>
  );
  const mounted = await page.mount(tree("first"));
  await greeted(platform);
  await page.act(() => platform.socket.admit("lobby", { position: { epoch: "e", offset: 2 } }));
  const { id, data } = platform.socket.last("history");
  assertEquals([data.limit, platform.socket.count("history")], [20, 1]);
  const messages = [message("one", 1), message("two", 2)];
  await page.act(() => platform.socket.say({ type: "system", id, data: { messages, more: false } }));
  assertEquals(mounted.text(), "one,two");
  await mounted.rerender(tree("second"));
  await page.act(() => platform.socket.say(message("three", 3)));
  assertEquals(heard, ["second:three"]);
  await page.act(() => mounted.container.querySelector("button")?.click());
  assertEquals(platform.socket.last("message").data, { text: "yo" });
  await mounted.unmount();
});

test("useRoom without an id is nowhere, and refuses to send", async () => {
  const { client, platform, codes } = idleClient();
  let send: ReturnType<typeof useRoom>["sendToRoom"] | undefined;
  function Nowhere() {
    send = useRoom(undefined).sendToRoom;
    return null;
  }
  const mounted = await page.mount(
    <ParleyProvider client={client}>
      <Nowhere />
    </ParleyProvider>,
  );
  await greeted(platform);
  assertEquals(await send?.("x").catch((error) => error.code), "not_joined");
  assertEquals(codes(), ["not_joined"]);
  assertEquals(platform.socket.count("join"), 0);
  await mounted.unmount();
});

test("usePersonalRoom hears what the server sends to this user", async () => {
  const { client, platform } = idleClient();
  const heard: unknown[] = [];
  function Personal() {
    usePersonalRoom("u1", { onNotification: (notification) => heard.push(notification.message) });
    return null;
  }
  const mounted = await page.mount(
    <ParleyProvider client={client}>
      <Personal />
    </ParleyProvider>,
  );
  await greeted(platform);
  const data = { id: "n1", message: "Order shipped", read: false, createdAt: "" };
  await page.act(() => platform.socket.say({ type: "notification", room: "user:u1", data }));
  assertEquals(heard, ["Order shipped"]);
  await mounted.unmount();
});

test("usePresence follows a user and speaks for this one", async () => {
  const { client, platform } = idleClient();
  function Dot() {
    const { presence, myStatus, updatePresence } = usePresence({ userId: "u2" });
    return <button type="button" onClick={() => updatePresence("away")}>{presence?.status ?? "?"}/{myStatus}</button>;
  }
  const mounted = await page.mount(
    <ParleyProvider client={client}>
      <Dot />
      <Dot />
    </ParleyProvider>,
  );
  assertEquals(mounted.text(), "?/offline".repeat(2));
  await greeted(platform);
  assertEquals(platform.socket.count("subscribe_presence"), 1);
  await page.act(() => platform.socket.say({ type: "presence", data: { userId: "u2", status: "busy" } }));
  await page.act(() => mounted.container.querySelector("button")?.click());
  assertEquals(mounted.text(), "busy/away".repeat(2));
  await mounted.unmount();
});

test("useRealtime: the guide's events in both directions, and its callbacks", async () => {
  const { client, platform } = idleClient();
  const heard: unknown[] = [];
  let realtime: ReturnType<typeof useRealtime> | undefined;
  function Component() {
    realtime = useRealtime({
      onConnect: () => heard.push("connect"),
      onDisconnect: () => heard.push("disconnect"),
      onError: (error) => heard.push(error.message),
    });
    const { on, off } = realtime;
    useEffect(() => {
      const listener = (data: unknown) => heard.push(data);
      on("customEvent", listener);
      on("userTyping", listener);
      return () => {
        off("customEvent", listener);
        off("userTyping", listener);
      };
    }, [on, off]);
    return <i>{String(realtime.isConnected)}</i>;
  }
  const mounted = await page.mount(
    <ParleyProvider client={client} autoConnect={false}>
      <Component />
    </ParleyProvider>,
  );
  await greeted(platform);
  assertEquals(mounted.text(), "true");
  await page.act(() => platform.socket.say({ type: "customEvent", data: { n: 1 } }));
  const typing = { event: "typing_start", user_id: "u2" };
  await page.act(() => platform.socket.say({ type: "custom_event", room: "k1", data: typing }));
  assertEquals(heard, ["connect", { n: 1 }, { userId: "u2", conversationId: "k1" }]);
  await page.act(() => {
    realtime?.emit("joinConversation", { conversationId: "k1" });
    realtime?.emit("sendMessage", { conversationId: "k1", content: "hi", urgent: true });
    realtime?.emit("wave", { conversationId: "k1", hand: "left" });
  });
  assertEquals(platform.socket.last("join").data.room, "k1");
  assertEquals(platform.socket.last("message").data, { urgent: true, text: "hi" });
  assertEquals(platform.socket.last("custom_event").data, { event: "wave", hand: "left" });
  await page.act(() => platform.socket.drop(1008));
  assertEquals(heard.slice(3), ["disconnect", "authentication failed: Cannot stay connected: refused"]);
  await mounted.unmount();
});

test("useRealtime: onError once, when the guide's five tries have failed; the client goes on, and is as it was", async () => {
  const { client, platform } = idleClient({ backoff: { jitter: false } });
  const options = { ...client.options };
  const heard: string[] = [];
  function Component() {
    useRealtime({ onError: (error) => heard.push(error.code), onConnect: () => heard.push("connect") });
    return <Status />;
  }
  const mounted = await page.mount(
    <ParleyProvider client={client}>
      <Component />
    </ParleyProvider>,
  );
  await page.act(settled);
  for (const waitMs of [1000, 2000, 4000, 8000, 16_000]) {
    await page.act(() => platform.socket.drop());
    assertEquals(heard, []);
    await page.act(() => platform.advance(waitMs));
  }
  await page.act(() => platform.socket.drop());
  assertEquals(heard, ["unreachable"]);
  await page.act(() => platform.advance(30_000));
  await page.act(() => platform.socket.drop());
  assertEquals(heard, ["unreachable"], "said once");
  assertEquals(client.options, options);
  assertEquals(mounted.text(), "reconnecting");
  await page.act(() => platform.advance(30_000));
  await page.act(() => platform.socket.greet());
  assertEquals(heard, ["unreachable", "connect"]);
  await mounted.unmount();
});

test("useRealtimeMessages: messages in the guide's shape", async () => {
  const { client, platform } = idleClient();
  let view: ReturnType<typeof useRealtimeMessages> | undefined;
  function Component() {
    view = useRealtimeMessages("k1");
    return null;
  }
  const mounted = await page.mount(
    <ParleyProvider client={client}>
      <Component />
    </ParleyProvider>,
  );
  await greeted(platform);
  assertEquals(view?.newMessage, null);
  await page.act(() => platform.socket.admit("k1", { position: { epoch: "e", offset: 0 } }));
  await page.act(() => platform.socket.say(message("hello", 1, "k1")));
  assertEquals(view?.newMessage, {
    id: "m1",
    conversationId: "k1",
    content: "hello",
    senderId: "u2",
    senderName: "Ann",
    createdAt: "1970-01-01T00:00:00.000Z",
  });
  assertEquals(view?.messages.length, 1);
  await page.act(() => {
    view?.sendMessage("hi");
    view?.sendTyping();
  });
  assertEquals(platform.socket.last("message").data, { text: "hi" });
  await mounted.unmount();
});

test("useRealtimeNotifications: what is stored, what arrives, what is read; asked for once", async () => {
  const { client, platform } = idleClient();
  let view: ReturnType<typeof useRealtimeNotifications> | undefined;
  function Badge() {
    view = useRealtimeNotifications();
    return <i>{view.unreadCount}</i>;
  }
  const mounted = await page.mount(
    <ParleyProvider client={client}>
      <Badge />
      <Badge />
    </ParleyProvider>,
  );
  await greeted(platform);
  assertEquals(platform.socket.count("notifications"), 1);
  const answer = (notifications: unknown[], unread: number) => {
    const { id } = platform.socket.last("notifications");
    return page.act(() => platform.socket.say({ type: "system", id, data: { notifications, unread } }));
  };
  const old = { id: "n1", read: false, createdAt: "" };
  await answer([old], 1);
  const fresh = { id: "n2", read: false, createdAt: "", title: "New" };
  await page.act(() => platform.socket.say({ type: "notification", room: "user:u1", data: fresh }));
  await page.act(() => platform.socket.say({ type: "custom_event", data: { event: "unread_count", count: 2 } }));
  assertEquals([view?.newNotification, view?.notifications, mounted.text()], [fresh, [fresh, old], "22"]);
  const marked = view?.markAsRead("n2");
  const { id, data } = platform.socket.last("mark_read");
  assertEquals(data.notification_id, "n2");
  await page.act(() => platform.socket.say({ type: "system", id, data: { action: "ack" } }));
  await answer([{ ...fresh, read: true }, old], 1);
  await marked;
  assertEquals(mounted.text(), "11");
  await mounted.unmount();
});

test("the provider shows a new token of the same user in-band, and follows a new callback", async () => {
  const platform = new FakePlatform();
  const heard: string[] = [];
  const [first, second] = ["first", "second"].map((note) => tokenUntil(9e9, note, "ann"));
  const tree = (token: string, name: string) => (
    <ParleyProvider
      url="ws://chat.test/"
      platform={platform}
      token={token}
      onError={() => heard.push(name)}
    >
      <Status />
    </ParleyProvider>
  );
  const mounted = await page.mount(tree(first, "first"));
  await greeted(platform);
  assertEquals(platform.socket.token, first);
  await mounted.rerender(tree(second, "second"));
  assertEquals(platform.socket.last("authenticate").data.token, second);
  await page.act(() => platform.socket.drop(4403));
  assert(heard.every((name) => name === "second"), heard.join());
  await mounted.unmount();
});

for (const next of ["bob", undefined]) {
  test(`the provider with the token of ${next ?? "nobody"}: nothing is sent as the user before`, async () => {
    const platform = new FakePlatform();
    function Talker({ name }: { name?: string }) {
      const { messages, sendToRoom, isJoined } = useRoom("lobby");
      const { newMessage } = useRealtimeMessages("lobby");
      // Effects of components run before those of their provider.
      useEffect(() => {
        sendToRoom(`I am ${name}`).catch(() => undefined);
      }, [name]);
      return <p>{isJoined ? "in" : "out"}:{messages.map((frame) => frame.data.text).join()}:{newMessage?.content}</p>;
    }
    const tree = (name: string | undefined) => (
      <ParleyProvider url="ws://chat.test/" platform={platform} token={name && tokenUntil(9e9, "", name)}>
        <Talker name={name} />
      </ParleyProvider>
    );
    const mounted = await page.mount(tree("ann"));
    await greeted(platform);
    await page.act(() => platform.socket.admit("lobby", { position: { epoch: "e", offset: 0 } }));
    await page.act(() => platform.socket.say(message("for ann", 1)));
    assertEquals(mounted.text(), "in:for ann:for ann");
    const anns = platform.socket;
    const before = anns.sent.length;
    await mounted.rerender(tree(next));
    await page.act(settled);
    assertEquals(anns.closedWith, 1000);
    assertEquals(anns.sent.length, before, "nothing more on the connection of the user before");
    assertEquals(platform.sockets.length, 2);
    assertEquals(platform.socket.token, next && tokenUntil(9e9, "", next));
    assertEquals(mounted.text(), "out::");
    await page.act(() => platform.socket.greet("c2", 0, { user_id: next }));
    const said = platform.socket.sent.filter(({ type }) => type === "message").map(({ data }) => data.text);
    assertEquals(new Set(said), new Set([`I am ${next}`]));
    assertEquals(platform.socket.last("join").data.since, undefined);
    await mounted.unmount();
  });
}

test("a client of the application's own is not the provider's to change", async () => {
  const { client, platform } = idleClient({ token: "mine" });
  const tree = (token: string | undefined) => (
    <ParleyProvider client={client} token={token}>
      <Status />
    </ParleyProvider>
  );
  const mounted = await page.mount(tree(undefined));
  await greeted(platform);
  await mounted.rerender(tree("another"));
  await page.act(settled);
  assertEquals([client.token, platform.sockets.length, platform.socket.sent], ["mine", 1, []]);
  await mounted.rerender(
    <ParleyProvider url="ws://chat.test/" platform={platform} autoConnect={false}>
      <Status />
    </ParleyProvider>,
  );
  assertEquals(platform.sockets[0].closedWith, undefined, "given back, not ended");
  await page.act(() => platform.advance(1));
  assertEquals(client.status.state, "closed", "nobody holds it any more");
  await mounted.unmount();
});

test("rendering on a server has no effect", () => {
  const { client, platform } = idleClient();
  function Everything() {
    useRealtime();
    const { messages } = useRoom("lobby", { history: 10 });
    const { unreadCount } = useRealtimeNotifications();
    const { myStatus } = usePresence({ userId: "u1" });
    return <p>{messages.length} {unreadCount} {myStatus}</p>;
  }
  const html = renderToString(
    <ParleyProvider client={client}>
      <Status />
      <Everything />
    </ParleyProvider>,
  );
  assertEquals(html.replaceAll("<!-- -->", ""), "<b>idle</b><p>0 0 offline</p>");
  assertEquals(
    renderToString(
      <ParleyProvider url="/chat">
        <Status />
      </ParleyProvider>,
    ).startsWith("<b>idle"),
    true,
  );
  assertEquals(platform.sockets.length + platform.pending, 0);
});

test("snapshots keep their identity until something changes", async () => {
  const { client, platform } = idleClient();
  client.connect();
  await settled();
  platform.socket.greet();
  const { getSnapshot } = client.room("lobby");
  assertStrictEquals(getSnapshot(), getSnapshot());
  const typed: Client = client;
  assertStrictEquals(typed.getSnapshot(), client.getSnapshot());
});
