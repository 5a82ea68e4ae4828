/**
 * Laws that hold for every dialect, whatever its frames look like. `testDialect` is called once per dialect by
 * dialect_test.ts; what a dialect's frames are is told by its golden vectors.
 */
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { Dialect } from "../../src/dialect.ts";
import { ParleyError } from "../../src/errors.ts";
import type { Command, Frame, Reply } from "../../src/message.ts";
import { isReserved as byAny } from "../dialects.ts";
import { seeds } from "../nightly.ts";
import { randomFrame, randomFrom } from "./dialect_fuzz.ts";
import { ALL_EVENTS, allReplies, GREETING } from "./dialect_samples.ts";

type Json = Record<string, unknown>;

export interface Subject<Input> {
  /** For the names of the tests. */
  name: string;
  dialect: Dialect<Input>;
  /** A frame as it reaches the dialect, from the value that a client wrote as JSON. */
  input(json: unknown): Input;
  /** What a client reads in a frame; throws if no client could. */
  read(frame: Frame): unknown;
  /** The names by which a client tells what it reads: a type, an event. */
  namesOf(read: unknown): string[];
  /** The client's frames: a join of a room, and a text into it with further fields beside. */
  join(room: unknown): unknown;
  publish(room: string, text: string, beside?: Json): unknown;
  /** Types for frames made at random. */
  types: string[];
  /** Whether some dialect of the server reserves the name; absent: a server as it is by default. */
  isReserved?: (name: string) => boolean;
}

const FUZZ_ROUNDS = 3000;
/** As it is, or as the escape that JSON.stringify makes of it. */
const HALF_A_PAIR = /\p{Cs}|\\ud[89a-f]/u;
const NO_ROOM_NAMES = ["", "*", "x".repeat(256), "a\nb", "a\u007fb", "a\u0085b", "\udc00", 5, null, {}, ["lobby"]];
const ROOM_NAMES = ["a", "x".repeat(255), "user:7", "space is fine", "ünïcödé 🎉", "**", "__proto__", "constructor"];
/** Names under which some dialect tells who sent what and when. */
const CLAIMS = {
  ...{ from: "bob-1", clientId: "bob-1", senderConnectionId: "bob-1", sender_client_id: "bob-1", member: "bob-1" },
  ...{ user_id: "bob", senderId: "bob", sender_user_id: "bob", userId: "bob", user: "bob", identity: { user: "bob" } },
  ...{ username: "Bob", senderName: "Bob", sender_name: "Bob", name: "Bob", self: { user: "bob" } },
  ...{ timestamp: 1, createdAt: "1970-01-01T00:00:00.000Z", position: { epoch: "e", offset: 1 }, kind: "join" },
};

export function testDialect<Input>(subject: Subject<Input>): void {
  testDecode(subject);
  testRefusals(subject);
  testEncode(subject);
}

function testDecode<Input>({ name, dialect, input, join, publish }: Subject<Input>): void {
  test(`${name}: a room is joined by any valid name`, () => {
    for (const room of ROOM_NAMES) assertEquals(bodies(dialect.decode(input(join(room)))), [{ kind: "join", room }]);
  });

  test(`${name}: a text becomes the text of canonical data`, () => {
    const [command] = dialect.decode(input(publish("lobby", "hi")));
    assert(command?.kind === "publish");
    assertEquals(JSON.parse(JSON.stringify(command.target)), { room: "lobby" });
    assertEquals(command.data, { text: "hi" });
    assert(command.echo !== false);
  });

  test(`${name}: what a frame claims about its sender and its time goes nowhere`, () => {
    const claimed = dialect.decode(input(publish("lobby", "hi", CLAIMS)));
    assertEquals(bodies(claimed), bodies(dialect.decode(input(publish("lobby", "hi")))));
  });

  test(`${name}: decoding keeps nothing in mind`, () => {
    const twice = [1, 2].map(() => dialect.decode(input(publish("lobby", "hi"))));
    assertEquals(twice[0], twice[1]);
  });
}

function testRefusals<Input>(subject: Subject<Input>): void {
  const { name, dialect, input, join, publish } = subject;

  test(`${name}: what is no room name is refused`, () => {
    for (const room of NO_ROOM_NAMES) assertEquals(refusalOf(dialect, input(join(room)))?.code, "bad_message");
  });

  test(`${name}: content nested too deep is refused, however deep`, () => {
    for (const depth of [65, 20_000]) {
      const beside = { data: JSON.parse("[".repeat(depth) + "]".repeat(depth)) };
      assertEquals(refusalOf(dialect, input(publish("lobby", "hi", beside)))?.code, "bad_message");
    }
    dialect.decode(input(publish("lobby", "hi", { data: JSON.parse("[".repeat(60) + "]".repeat(60)) })));
  });

  test(`${name}: any frame is decoded or refused, and every refusal can be answered`, () => {
    const before = JSON.stringify(Object.getOwnPropertyNames(Object.prototype));
    for (const seed of seeds({ usual: 1, nightly: 10 })) {
      const random = randomFrom(seed);
      const refused = Array.from({ length: FUZZ_ROUNDS }, () => refuseOrDecode(randomFrame(random, subject.types)))
        .filter(Boolean).length;
      assert(
        refused > FUZZ_ROUNDS / 10 && refused < FUZZ_ROUNDS,
        `${refused} of ${FUZZ_ROUNDS} refused is not a fair sample (seed ${seed})`,
      );
    }
    assertEquals(JSON.stringify(Object.getOwnPropertyNames(Object.prototype)), before);
  });

  /** Whether the frame was refused; every refusal is short, and can be answered. */
  function refuseOrDecode(frame: Record<string, unknown>): boolean {
    const refusal = refusalOf(dialect, input(frame));
    if (!refusal) return false;
    const { code, message, room, ref } = refusal;
    assert(message.length < 300, `the refusal of ${JSON.stringify(frame)} repeats too much of it: ${message}`);
    const reply = { ...allReplies(ref)[0]!, kind: "error", code, message, room } as Reply;
    const answers = dialect.encodeReply(reply).map(subject.read);
    assert(answers.length > 0, `the refusal of ${JSON.stringify(frame)} has no answer`);
    return true;
  }
}

function testEncode<Input>({ name, dialect, input, read, namesOf, publish, isReserved = byAny }: Subject<Input>): void {
  const everything = (): Frame[] => {
    const [command] = dialect.decode(input(publish("lobby", "hi", { id: "c1", clientMessageId: "c1" })));
    const replies = [...allReplies(undefined), ...allReplies(command?.ref)].map(frozen);
    const greeting = dialect.greet ? [dialect.greet(frozen(GREETING))] : [];
    const events = ALL_EVENTS.map(frozen);
    return [
      ...greeting,
      ...replies.flatMap((reply) => dialect.encodeReply(reply)),
      ...events.flatMap((event) => dialect.encodeEvent(event)),
    ];
  };

  test(`${name}: every reply and every event is encoded, unchanged by it, into frames a client can read`, () => {
    const frames = everything();
    assert(frames.length > 10);
    for (const frame of frames) {
      assert(!HALF_A_PAIR.test(String(frame)), `half a surrogate pair is on the wire: ${frame}`);
      read(frame);
    }
  });

  test(`${name}: encoding keeps nothing in mind`, () => assertEquals(everything(), everything()));

  test(`${name}: no custom signal can forge what the server sends`, () => {
    const ofApplication = ["poke", "announcement"];
    const names = new Set(everything().flatMap((frame) => namesOf(read(frame))));
    for (const each of names) {
      if (ofApplication.includes(each)) continue;
      assert(isReserved(each), each);
    }
  });
}

/** Commands without what only the dialect itself reads. */
function bodies(commands: Command[]): unknown[] {
  return JSON.parse(JSON.stringify(commands.map(({ ref: _, ...body }) => body)));
}

/** Undefined: it was decoded. Whatever else is thrown is a failure. */
function refusalOf<Input>(dialect: Dialect<Input>, input: Input): ParleyError | undefined {
  try {
    dialect.decode(input);
    return undefined;
  } catch (error) {
    if (error instanceof ParleyError) return error;
    throw error;
  }
}

/** Frozen to the ground: a dialect that writes into what it is given throws. */
function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}
