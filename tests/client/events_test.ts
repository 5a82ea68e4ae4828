/**
 * Typed events, schemas, listeners that throw, and what a developer finds in the console.
 */
import { test } from "node:test";
import { assertEquals, assertStrictEquals } from "@std/assert";
import * as v from "valibot";
import { openClient } from "./fixture.ts";

interface MyEvents {
  order_shipped: { order: number };
}

test("events by frame type and by the name of a custom event, typed", async () => {
  const { client, platform } = await openClient<MyEvents>();
  const heard: unknown[] = [];
  const stop = client.on("order_shipped", ({ order }) => heard.push(order));
  client.on("unread_count", ({ count }) => heard.push(count));
  client.on("*", (_, frame) => heard.push(frame.type));
  platform.socket.say({ type: "order_shipped", data: { order: 1 } });
  platform.socket.say({ type: "custom_event", data: { event: "order_shipped", order: 2 } });
  platform.socket.say({ type: "custom_event", data: { event: "unread_count", count: 3 } });
  stop();
  platform.socket.say({ type: "order_shipped", data: { order: 4 } });
  assertEquals(heard, ["order_shipped", 1, "custom_event", 2, "custom_event", 3, "order_shipped"]);
});

test("a schema checks what arrives before anyone sees it", async () => {
  const schemas = { order_shipped: v.object({ order: v.number() }), slow: v.pipeAsync(v.object({})) };
  const { client, platform, errors } = await openClient<MyEvents>({ schemas });
  const heard: unknown[] = [];
  client.on("order_shipped", (data) => heard.push(data));
  platform.socket.say({ type: "order_shipped", data: { order: 1, extra: true } });
  platform.socket.say({ type: "order_shipped", data: { order: "one" } });
  platform.socket.say({ type: "slow", data: {} });
  assertEquals(heard, [{ order: 1 }]);
  assertEquals(errors.map((error) => error.code), ["invalid_data", "invalid_data"]);
});

test("a listener that throws is told and keeps nobody else from hearing", async () => {
  const { client, platform, errors } = await openClient();
  let heard = 0;
  client.on("presence", () => {
    throw new Error("mine");
  });
  client.on("presence", () => heard++);
  platform.socket.say({ type: "presence", data: { userId: "u2", status: "away" } });
  assertEquals(heard, 1);
  assertEquals(errors.map((error) => [error.code, (error.cause as Error).message]), [["unexpected", "mine"]]);
});

test("onError listeners and the option hear the same", async () => {
  const { client, platform, codes } = await openClient();
  const heard: string[] = [];
  client.onError((error) => heard.push(error.code));
  platform.socket.drop();
  assertEquals(heard, codes());
});

test("the console finds the client, and can turn the log on", async () => {
  const page = globalThis as { window?: unknown; __PARLEY__?: unknown; __SOCKET__?: unknown; socketDebug?: boolean };
  const { debug } = console;
  const lines: unknown[][] = [];
  page.window = page;
  console.debug = (...parts: unknown[]) => lines.push(parts);
  try {
    const { client, platform } = await openClient();
    assertStrictEquals(page.__PARLEY__, client);
    assertEquals(lines, []);
    page.socketDebug = true;
    (page.__SOCKET__ as { emit(event: string, data: object): Promise<void> }).emit("testEvent", { data: "test" })
      .catch(() => undefined);
    assertEquals(platform.socket.last("custom_event").data, { data: "test", event: "testEvent" });
    assertEquals(lines.length, 1);
  } finally {
    console.debug = debug;
    for (const name of ["window", "__PARLEY__", "__SOCKET__", "socketDebug"] as const) delete page[name];
  }
});
