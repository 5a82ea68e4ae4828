/**
 * /metrics: every family, figures that add up, and who may read them.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { assertError, call, callAsAdmin, openHttpServer } from "./http_calls.ts";
import { JOIN, type TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };

async function figures(server: TestServer): Promise<Map<string, number>> {
  const { text } = await callAsAdmin(server, "GET /metrics");
  const lines = text.trimEnd().split("\n").filter((line) => !line.startsWith("#"));
  return new Map(lines.map((line) => {
    const at = line.lastIndexOf(" ");
    return [line.slice(0, at), Number(line.slice(at + 1))];
  }));
}

test("what happens is counted, and no label names a room or a user", SLOW, async () => {
  await using server = await openHttpServer();
  const [ann, bob] = [await server.snake("ann"), await server.kebab()];
  await ann.ask(...JOIN.snake!("lobby-of-ann"));
  await bob.ask(...JOIN.kebab!("lobby-of-ann"));
  await ann.ask({ type: "message", roomId: "lobby-of-ann", content: "x" }, { type: "new_message" });
  bob.say({ type: "message", roomId: "elsewhere", message: "x" });
  await bob.hear({ type: "error", code: "not_joined" });
  const closing = await server.plain("pat");
  closing.close();
  await closing.socket.closed;
  await server.client("/ws/auth?token=bad").then(() => assert(false), () => undefined);
  const found = await figures(server);
  const expected = {
    "parley_connections": 2,
    'parley_dialect_connections{dialect="snake"}': 1,
    'parley_dialect_connections{dialect="kebab"}': 1,
    "parley_connections_opened_total": 3,
    "parley_connection_duration_seconds_count": 1,
    'parley_closes_total{code="1000"}': 1,
    'parley_refused_total{reason="token"}': 1,
    'parley_errors_total{code="not_joined"}': 1,
    "parley_zombie_sockets": 0,
    "parley_slow_consumers_total": 0,
    'parley_room_members_bucket{le="1"}': 0,
    'parley_room_members_bucket{le="2"}': 1,
    "parley_room_members_sum": 2,
    "parley_room_members_count": 1,
    "parley_rooms": 2,
    "parley_delivery_latency_seconds_count": 1,
  };
  for (const [series, value] of Object.entries(expected)) assertEquals([series, found.get(series)], [series, value]);
  const atLeast = {
    ...{ parley_frames_in_total: 4, parley_bytes_in_total: 100, parley_frames_out_total: 5, parley_messages_total: 1 },
    ...{ parley_deliveries_total: 2, process_resident_memory_bytes: 1e6, process_cpu_seconds_total: 0 },
  };
  for (const [series, least] of Object.entries(atLeast)) assert(found.get(series)! >= least, series);
  for (const series of found.keys()) assert(!/ann|lobby|127\.0\.0\.1/.test(series), series);
});

test("every family has its help and type once, before its series", SLOW, async () => {
  await using server = await openHttpServer();
  await server.snake("ann");
  const { text, headers } = await callAsAdmin(server, "GET /metrics");
  assertEquals(headers.get("content-type"), "text/plain; version=0.0.4");
  assert(text.endsWith("\n"));
  const seen = new Set<string>();
  let family = "";
  for (const line of text.trimEnd().split("\n")) {
    const head = /^# (HELP|TYPE) (\w+) (.+)$/.exec(line);
    if (head?.[1] === "HELP") {
      assert(!seen.has(head[2]!), line);
      seen.add(family = head[2]!);
    } else if (head) {
      assertEquals([head[2], /^(counter|gauge|histogram)$/.test(head[3]!)], [family, true], line);
    } else {
      assert(new RegExp(`^${family}(_bucket|_sum|_count)?(\\{[^}]+\\})? [\\d.e+-]+$`).test(line), line);
    }
  }
  assert(seen.size > 15);
});

test("METRICS=public opens the figures, and only them", SLOW, async () => {
  await using server = await openHttpServer({ metrics: "public" });
  assertEquals((await call(server, "GET /metrics")).status, 200);
  assertError(await call(server, "GET /websocket/rooms"), [401, "unauthorized"]);
});
