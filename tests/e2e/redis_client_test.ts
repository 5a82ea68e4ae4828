/**
 * The client while Redis goes away and comes back empty: what it cannot send it says, and what is lost it tells as a reset.
 */
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type ClientError, createClient, type Gap } from "../../src/client/mod.ts";
import { eventually } from "../harness.ts";
import { RedisServer } from "./redis_server.ts";
import { TestServer } from "./test_server.ts";

test(
  "Redis loses its data: unavailable meanwhile, then a reset, and the room goes on",
  { timeout: 60_000 },
  async () => {
    await using redis = await RedisServer.start();
    await using server = await TestServer.open({ redisUrl: redis.url });
    const gaps: Gap[] = [];
    const client = createClient(server.ws("/websocket/connect"), { token: () => server.token("ann") });
    client.on("gap", (gap) => gaps.push(gap));
    client.connect();
    const [room, later] = [client.room("hall"), client.room("later")];
    await room.join();
    await room.send("before");
    await eventually(() => room.messages.length === 1);
    await redis.kill();
    await eventually(async () => {
      const refusal = await room.send("meanwhile").then(() => undefined, (error: ClientError) => error.code);
      return refusal === "unavailable";
    }, { withinMs: 10_000, everyMs: 200 });
    const entering = later.join();
    await redis.start();
    await eventually(() => gaps.some(({ room }) => room === "hall"), { withinMs: 20_000 });
    assertEquals(new Set(gaps.map(({ reason }) => reason)), new Set(["reset"]));
    assertEquals(room.messages.filter(({ data }) => data.text === "before"), []);
    await entering;
    assert(client.isOpen, "the connection has lived through it");
    const { id } = await room.send("after");
    await eventually(() => room.messages.some((message) => message.message_id === id));
    client.close();
  },
);
