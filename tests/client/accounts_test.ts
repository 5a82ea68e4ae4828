/**
 * Seeded series: devices whose users change, whose tokens expire, and whose connections are cut, all at once. In the end all
 * lists are equal, nothing is in them twice, and nobody has said what another one said.
 */
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { Client } from "../../src/client/client.ts";
import type { MessageFrame, Receipt } from "../../src/client/frames.ts";
import type { Room } from "../../src/client/room.ts";
import { eventually } from "../harness.ts";
import { seeds } from "../nightly.ts";
import { FaultProxy } from "./fault_proxy.ts";
import { chance, clientOf, CONNECT, startParley, tokenOf, UNFORGETTING } from "./real_server.ts";

/** 200 seeds of 50 cuts at night. */
const SEEDS = seeds({ nightly: 200 });
const CUTS = 50;
const AT_ONCE = 5;
const USERS = ["ann", "bob", "cid"];
/** What a message may be refused with: its user has left, or has no good token any more. */
const EXCUSES = ["signed_out", "token_expired", "unauthorized"];

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Said {
  user: string;
  text: string;
  receipt?: Receipt;
  code?: string;
}

class Device {
  readonly said: Said[] = [];
  readonly gaps: unknown[] = [];
  readonly client: Client;
  readonly room: Room;
  readonly #name: string;
  readonly #random: () => number;
  #user = USERS[0];
  #fates: Promise<void>[] = [];

  constructor(name: string, { url, room, random }: { url: string; room: string; random: () => number }) {
    this.#name = name;
    this.#random = random;
    this.client = clientOf(this.#user, url, { maxMessages: 1e5, queueSize: 1e5 });
    this.client.on("gap", (gap) => this.gaps.push(gap));
    this.room = this.client.room(room);
    this.room.retain();
    this.client.connect();
  }

  /** Something that a person or a program does at a device. */
  act(): void {
    const dice = this.#random();
    if (dice < 0.1) this.#user = USERS[Math.floor(this.#random() * USERS.length)];
    if (dice < 0.2) this.#signIn();
    // Its token was a value, and has expired.
    else if (this.client.status.state === "closed") this.#signIn();
    else this.#say();
  }

  /** With a token that lasts, or will expire soon, or with a function that brings them. */
  #signIn(): void {
    const user = this.#user;
    const ttlSeconds = this.#random() < 0.4 ? 1 : 3600;
    const fresh = () => tokenOf(user, { ttlSeconds, note: `${this.#random()}` });
    void this.client.setToken(this.#random() < 0.5 ? fresh : fresh()).catch(() => undefined);
  }

  #say(): void {
    const said: Said = { user: this.#user, text: `${this.#user} at ${this.#name}: ${this.said.length}` };
    this.said.push(said);
    this.#fates.push(
      this.room.send(said.text).then(
        (receipt) => void (said.receipt = receipt),
        (error) => void (said.code = error.code),
      ),
    );
  }

  /** In peace, with a good token, until everything it said has its answer. */
  async rest(): Promise<void> {
    void this.client.setToken(tokenOf(this.#user)).catch(() => undefined);
    await eventually(() => this.room.getSnapshot().isJoined, { withinMs: 15_000 });
    await Promise.all(this.#fates);
  }
}

async function series(seed: number, port: number): Promise<void> {
  const random = chance(seed);
  await using proxy = await FaultProxy.open(port);
  const room = `series-${seed}`;
  const observer = clientOf("eve", `ws://127.0.0.1:${port}${CONNECT}`, { maxMessages: 1e5 });
  observer.connect();
  await observer.room(room).join();
  const devices = ["phone", "laptop"].map((name) => new Device(name, { url: proxy.url(CONNECT), room, random }));
  try {
    for (let cut = 0; cut < CUTS; cut++) {
      for (let n = 0; n < 4; n++) for (const device of devices) device.act();
      await wait(30 * random());
      await misbehave(proxy, random);
    }
    for (const device of devices) await device.rest();
    // Who has just come in as another user has heard nothing yet.
    await observer.room(room).send("eve at last: 0");
    const seen = () => observer.room(room).messages;
    await eventually(() => devices.every((device) => device.room.messages.at(-1)?.id === seen().at(-1)?.id), {
      withinMs: 15_000,
    });
    judge(`seed ${seed}`, devices, seen());
    assert(proxy.accepted > CUTS / 4, `the cuts were felt: ${proxy.accepted} connections`);
  } finally {
    for (const client of [observer, ...devices.map((device) => device.client)]) client.close();
  }
}

async function misbehave(proxy: FaultProxy, random: () => number): Promise<void> {
  const isStalling = random() < 0.2;
  proxy.isRefusing = random() < 0.3;
  if (isStalling) proxy.stall();
  else if (random() < 0.2) proxy.closeWith([1001, 1011, 1013][Math.floor(random() * 3)]);
  else proxy.cut();
  await wait(20 * random());
  proxy.isRefusing = false;
  if (isStalling) proxy.resume();
}

function judge(name: string, devices: Device[], seen: readonly MessageFrame[]): void {
  const texts = seen.map(({ data }) => data.text);
  assertEquals(texts.length, new Set(texts).size, `${name}: nothing twice`);
  const forged = seen.filter(({ user_id, data }) => !data.text!.startsWith(`${user_id} at`));
  assertEquals(forged, [], `${name}: nobody speaks for another`);
  const ids = new Map(seen.map((message) => [message.message_id, message.data.text]));
  for (const { said, gaps, room } of devices) {
    for (const { text, receipt, code } of said) {
      if (receipt) assertEquals(ids.get(receipt.id), text, `${name}: what was taken is there`);
      else assert(EXCUSES.includes(code!), `${name}: "${text}" was refused with ${code}`);
    }
    assertEquals(gaps, [], name);
    const heard = room.messages.map(({ message_id }) => message_id);
    assertEquals(heard, seen.slice(-heard.length).map(({ message_id }) => message_id), `${name}: one list`);
  }
}

test(
  `${SEEDS.length * CUTS} cuts while users change and tokens expire: equal lists, nothing twice, nobody for another`,
  { timeout: 600_000 },
  async () => {
    await using server = await startParley({ ...UNFORGETTING, JWT_LEEWAY: "0s" });
    for (let at = 0; at < SEEDS.length; at += AT_ONCE) {
      await Promise.all(SEEDS.slice(at, at + AT_ONCE).map((seed) => series(seed, server.port)));
    }
  },
);
