/**
 * TanStack Query in step with rooms and events: append, update, ask anew, and the three recipes.
 */
import { after, before, test } from "node:test";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { notifyManager, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { append, syncQuery, useChatContacts, useChatMessages, useChatThreads } from "../../src/client/query.ts";
import { ParleyProvider } from "../../src/client/react.ts";
import { eventually } from "../waiting.ts";
import { settled } from "./fake_platform.ts";
import { idleClient, openClient } from "./fixture.ts";
import { openPage, type Page } from "./page.tsx";

let page: Page;
before(async () => {
  page = await openPage();
  notifyManager.setScheduler(queueMicrotask);
});
after(() => page.close());

function message(id: string, room: string, user_id = "u2") {
  return { type: "message", id, message_id: id, room, from: "c2", user_id, timestamp: 0, data: { text: id } };
}

const texts = (list: unknown) => (list as { message_id: string }[]).map((item) => item.message_id);

async function stop(queries: QueryClient): Promise<void> {
  await queries.cancelQueries();
  queries.clear();
}

test("append: each message once, the newest last, bounded", async () => {
  const { client, platform } = await openClient();
  const queries = new QueryClient();
  const queryKey = ["messages", "k1"];
  queries.setQueryData(queryKey, [message("a", "k1")]);
  const end = syncQuery(queries, client, { queryKey, room: "k1", update: append({ limit: 2 }) });
  platform.socket.admit("k1");
  for (const id of ["a", "b", "c"]) platform.socket.say(message(id, "k1"));
  platform.socket.say(message("d", "k2"));
  assertEquals(texts(queries.getQueryData(queryKey)), ["b", "c"]);
  end();
  platform.socket.say(message("e", "k1"));
  await platform.advance(1);
  assertEquals(texts(queries.getQueryData(queryKey)), ["b", "c"]);
  assertEquals(platform.socket.count("leave"), 1);
  await stop(queries);
});

test("update: an event changes the entry, an update that says nothing leaves it", async () => {
  const { client, platform } = await openClient();
  const queries = new QueryClient();
  queries.setQueryData(["orders"], { 7: "paid" });
  syncQuery<Record<string, string>>(queries, client, {
    queryKey: ["orders"],
    event: "order_shipped",
    update(old, { data }) {
      const { order } = data as { order: number };
      return order in old ? { ...old, [order]: "shipped" } : undefined;
    },
  });
  platform.socket.say({ type: "order_shipped", data: { order: 7 } });
  assertEquals(queries.getQueryData(["orders"]), { 7: "shipped" });
  const before = queries.getQueryData(["orders"]);
  platform.socket.say({ type: "order_shipped", data: { order: 8 } });
  assertStrictEquals(queries.getQueryData(["orders"]), before);
  await stop(queries);
});

test("invalidate: without an update, and wherever messages were lost", async () => {
  const { client, platform } = await openClient();
  const queries = new QueryClient();
  const isStale = (key: string) => queries.getQueryState([key])?.isInvalidated;
  for (const key of ["a", "b"]) queries.setQueryData([key], []);
  syncQuery(queries, client, { queryKey: ["a"], event: "order_shipped" });
  syncQuery(queries, client, { queryKey: ["b"], room: "k1", update: append() });
  platform.socket.say({ type: "order_shipped", data: {} });
  assertEquals([isStale("a"), isStale("b")], [true, false]);
  platform.socket.admit("k1", { recovered: false, messages: [], position: { epoch: "e", offset: 9 } });
  assertEquals(isStale("b"), true);
  await stop(queries);
});

test("of another user nothing stays in the cache", async () => {
  const { client } = await openClient({ token: "ann" });
  const queries = new QueryClient();
  for (const key of ["a", "b"]) queries.setQueryData([key], [message("ann's", "k1")]);
  syncQuery(queries, client, { queryKey: ["a"], room: "k1", update: append() });
  await client.setToken("bob");
  assertEquals(queries.getQueryData(["a"]), undefined);
  assertEquals(texts(queries.getQueryData(["b"])), ["ann's"], "an entry that is not in step is the application's");
  await stop(queries);
});

test("what arrives during a fetch is in its answer too, once", async () => {
  const { client, platform } = await openClient();
  const queries = new QueryClient();
  const queryKey = ["messages"];
  const answers: ((list: unknown[]) => void)[] = [];
  const queryFn = () => new Promise<unknown[]>((resolve) => answers.push(resolve));
  syncQuery(queries, client, { queryKey, room: "k1", update: append() });
  platform.socket.admit("k1");
  const fetching = queries.fetchQuery({ queryKey, queryFn });
  for (const id of ["a", "b"]) platform.socket.say(message(id, "k1"));
  answers[0]([message("a", "k1")]);
  await fetching;
  assertEquals(texts(queries.getQueryData(queryKey)), ["a", "b"]);
  await stop(queries);
});

async function mountWith(node: ReactNode, userId = "u1") {
  const world = idleClient();
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false, gcTime: 0 } } });
  const mounted = await page.mount(
    <QueryClientProvider client={queries}>
      <ParleyProvider client={world.client}>{node}</ParleyProvider>
    </QueryClientProvider>,
  );
  await page.act(settled);
  const data = { connection_id: "c1", user_id: userId };
  await page.act(() => world.platform.socket.say({ type: "system_notification", data }));
  return {
    ...world,
    shows: (text: string) =>
      eventually(async () => {
        await page.act(settled);
        if (mounted.text() !== text) throw new Error(`shows "${mounted.text()}"`);
        return true;
      }),
    async end() {
      await mounted.unmount();
      await stop(queries);
    },
  };
}

test("useChatMessages: history first, then what is said", async () => {
  function Thread() {
    const { data = [] } = useChatMessages("t1");
    return <p>{data.map((frame) => frame.data.text).join()}</p>;
  }
  const { shows, platform, end } = await mountWith(<Thread />);
  await page.act(() => platform.socket.admit("thread:t1", { position: { epoch: "e", offset: 1 } }));
  const { id, data } = platform.socket.last("history");
  assertEquals(data.room, "thread:t1");
  const messages = [message("a", "thread:t1")];
  await page.act(() => platform.socket.say({ type: "system", id, data: { messages, more: false } }));
  await shows("a");
  await page.act(() => platform.socket.say(message("b", "thread:t1")));
  await shows("a,b");
  await end();
});

test("useChatThreads: who speaks comes first, and counts as unread unless it is open or mine", async () => {
  function Threads() {
    const queryFn = () => Promise.resolve([{ id: "t1" }, { id: "t2" }, { id: "t3" }]);
    const { data = [] } = useChatThreads<{ id: string; unread?: number }>({ queryFn, openId: "t3" });
    return <p>{data.map((thread) => `${thread.id}:${thread.unread ?? 0}`).join()}</p>;
  }
  const { shows, platform, end } = await mountWith(<Threads />);
  await shows("t1:0,t2:0,t3:0");
  await page.act(() => platform.socket.say(message("a", "thread:t2")));
  await page.act(() => platform.socket.say(message("b", "thread:t3")));
  await page.act(() => platform.socket.say(message("c", "thread:t2", "u1")));
  await shows("t2:1,t3:0,t1:0");
  await end();
});

test("useChatContacts: presence lands in the list", async () => {
  function Contacts() {
    const queryFn = () => Promise.resolve([{ id: "u2" }, { id: "u3" }]);
    const { data = [] } = useChatContacts<{ id: string; status?: "online" | "away" | "busy" | "offline" }>({ queryFn });
    return <p>{data.map((contact) => `${contact.id}:${contact.status ?? "?"}`).join()}</p>;
  }
  const { shows, platform, end } = await mountWith(<Contacts />);
  await shows("u2:?,u3:?");
  assertEquals(platform.socket.last("subscribe_presence").data.userIds, ["u2", "u3"]);
  await page.act(() => platform.socket.say({ type: "presence", data: { userId: "u3", status: "busy" } }));
  await page.act(() => platform.socket.say({ type: "system", data: { userId: "u2", status: "offline" } }));
  await shows("u2:offline,u3:busy");
  await end();
});
