/**
 * The pace of a client that knows its server's limits: no burst of it is more than the server takes.
 */
import { test } from "node:test";
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { Pace } from "../../src/client/pace.ts";
import { openClient } from "./fixture.ts";
import { idleClient } from "./fixture.ts";
import { settled } from "./fake_platform.ts";

/** As the server counts: the tokens that a full bucket lacks after everything that was taken. */
class Bucket {
  #lacks = 0;
  #atMs = 0;
  most = 0;

  constructor(readonly perSecond: number) {}

  take(cost: number, nowMs: number): void {
    this.#lacks = Math.max(0, this.#lacks - (nowMs - this.#atMs) * this.perSecond / 1000) + cost;
    this.#atMs = nowMs;
    this.most = Math.max(this.most, this.#lacks);
  }
}

/** Sends as fast as it may for so long; how often, and the most that it was over. */
function run(pace: Pace, { perSecond, forMs, cost }: { perSecond: number; forMs: number; cost: number }) {
  const bucket = new Bucket(perSecond);
  let sent = 0;
  for (let now = 0; now < forMs;) {
    const waitMs = pace.take({ tokens: cost, bytes: 1 }, now);
    if (waitMs) now += waitMs;
    else {
      sent++;
      bucket.take(cost, now);
    }
  }
  return { sent, most: bucket.most };
}

test("a burst at once, then the rate; never more than the server has", () => {
  for (const [rate, burst, cost] of [[50, 100, 1], [50, 100, 15], [10, 1, 1], [1000, 5, 1]]) {
    const { sent, most } = run(new Pace({ rate, burst }), { perSecond: rate, forMs: 10_000, cost });
    assertLessOrEqual(most, burst + 1e-6, `${rate} ${burst}`);
    assert(sent >= (burst + 10 * rate) / cost * 0.85, `${rate} ${burst}: only ${sent}`);
  }
});

test("what costs more than the bucket holds takes all of it, and does not wait for ever", () => {
  const pace = new Pace({ rate: 10, burst: 5 });
  assertEquals(pace.take({ tokens: 20, bytes: 1 }, 0), 0);
  assertEquals(Math.round(pace.take({ tokens: 20, bytes: 1 }, 0)), 500);
  assertEquals(pace.take({ tokens: 20, bytes: 1 }, 501), 0);
});

test("bytes have a bucket of their own, of four of the largest messages or a megabyte", () => {
  const pace = new Pace({ bytesPerSecond: 1000, maxBytes: 400_000 });
  let bytes = 0;
  while (!pace.take({ tokens: 1, bytes: 100_000 }, 0)) bytes += 100_000;
  assertEquals(bytes, 1_400_000);
});

test("without limits, and with limits of zero, nothing waits", () => {
  for (const pace of [new Pace(), new Pace({ rate: 0, burst: 0, bytesPerSecond: 0, maxBytes: 0 })]) {
    for (let n = 0; n < 1000; n++) assertEquals(pace.take({ tokens: 9, bytes: 1e6 }, 0), 0);
    assertEquals(pace.maxBytes, Infinity);
  }
});

test("a clock that is set back makes nobody wait longer than an empty bucket does", () => {
  const pace = new Pace({ rate: 10, burst: 10 });
  while (!pace.take({ tokens: 1, bytes: 1 }, 1e12));
  assertLessOrEqual(pace.take({ tokens: 1, bytes: 1 }, 0), 1200);
});

test("300 messages: each is sent, in order, within the limits of the greeting", async () => {
  const { client, platform } = idleClient();
  client.connect();
  await settled();
  platform.socket.greet("c1", 0, { limits: { rate: 50, burst: 100 } });
  const server = new Bucket(50);
  const socket = platform.socket;
  let seen = 0;
  const serve = () => {
    for (; seen < socket.sent.length; seen++) {
      server.take(1, platform.now());
      socket.say({ ...socket.sent[seen], from: "c1", message_id: `m${seen}` });
    }
  };
  const sent = Array.from({ length: 300 }, (_, n) => client.send({ room: "lobby" }, `${n}`));
  while (seen < 300 && platform.now() < 20_000) {
    serve();
    await platform.advance(10);
  }
  await Promise.all(sent);
  assertLessOrEqual(server.most, 100);
  assertEquals(socket.sent.map(({ data }) => data.text), sent.map((_, n) => `${n}`));
});

test("joins go at once, whatever waits: the server paces them itself", async () => {
  const { client, platform } = await openClient();
  platform.socket.drop();
  for (let n = 0; n < 100; n++) client.room(`r${n}`).retain();
  await platform.advance(1000);
  platform.socket.greet("c2", 0, { limits: { rate: 1, burst: 1 } });
  assertEquals(platform.socket.count("join"), 100);
});
