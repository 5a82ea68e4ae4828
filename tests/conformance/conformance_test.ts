/**
 * Every dialect against its golden vectors: frames in, commands out; replies and events in, frames out.
 * The vectors are the dialect's documentation; a test has the name of its vector.
 */
import { test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Dialect, Greeting } from "../../src/dialect.ts";
import { envelope, kebab, plain, snake, undecided } from "../dialects.ts";
import { ParleyError } from "../../src/errors.ts";
import type { Frame, Reply, RoomEvent } from "../../src/message.ts";
import { ALL_EVENTS, allReplies } from "../contract/dialect_samples.ts";
import { fill, type Json, type Outbound, plainJson, type Vector } from "./vectors.ts";
import envelopeVectors from "./vectors/envelope.json" with { type: "json" };
import kebabVectors from "./vectors/kebab.json" with { type: "json" };
import plainVectors from "./vectors/plain.json" with { type: "json" };
import snakeVectors from "./vectors/snake.json" with { type: "json" };
import undecidedVectors from "./vectors/undecided.json" with { type: "json" };

conform("envelope", envelope, envelopeVectors);
conform("kebab", kebab, kebabVectors);
conform("snake", snake, snakeVectors);
conform("plain", plain, plainVectors);
conform("undecided", undecided, undecidedVectors);

function conform(subject: string, dialect: Dialect, vectors: Vector[]): void {
  for (const vector of vectors) {
    const check = "frames" in vector ? encodes : decodes;
    test(`${subject}: ${vector.name}`, () => check(dialect, vector));
  }
  test(`${subject}: no two vectors have one name`, () => {
    assertEquals(vectors.length, new Set(vectors.map(({ name }) => name)).size);
  });
}

for (const [subject, vectors] of Object.entries({ envelopeVectors, kebabVectors, snakeVectors, plainVectors })) {
  test(`${subject} have every kind of reply, event and signal`, () => {
    const has = (role: "reply" | "event") => (kind: string) =>
      (vectors as Outbound[]).some((vector) => vector[role]?.kind === kind || signalOf(vector)?.type === kind);
    const replies = allReplies(undefined).map(({ kind }) => kind);
    const events = ALL_EVENTS.map((event) => event.kind === "signal" ? event.signal.type : event.kind);
    assertEquals(
      [...replies.filter((kind) => !has("reply")(kind)), ...events.filter((kind) => !has("event")(kind))],
      [],
    );
  });
}

function signalOf(vector: Outbound): Json | undefined {
  return vector.event?.signal as Json | undefined;
}

function encodes(dialect: Dialect, vector: Vector): void {
  assert("frames" in vector);
  assertEquals(encoded(dialect, vector).map((frame) => JSON.parse(frame as string)), vector.frames);
}

function encoded(dialect: Dialect, { greeting, event, reply, answers }: Outbound): Frame[] {
  if (greeting) return dialect.greet ? [dialect.greet(fill(greeting) as unknown as Greeting)] : [];
  if (event) return dialect.encodeEvent(fill(event) as unknown as RoomEvent);
  const ref = answers === undefined ? undefined : refOf(dialect, answers);
  return dialect.encodeReply({ ...fill(reply!), ref } as unknown as Reply);
}

/** What the dialect gives an answer to this frame to find its way back, be it accepted or refused. */
function refOf(dialect: Dialect, frame: unknown): unknown {
  try {
    return dialect.decode(JSON.stringify(frame))[0]?.ref;
  } catch (error) {
    assert(error instanceof ParleyError);
    return error.ref;
  }
}

function decodes(dialect: Dialect, vector: Vector): void {
  assert(!("frames" in vector));
  const frame = vector.text ?? JSON.stringify(vector.frame);
  if (vector.decides !== undefined) assertEquals(dialect.decide?.(frame)?.name ?? null, vector.decides);
  if (vector.error) {
    const { code, message } = assertThrows(() => dialect.decode(frame), ParleyError);
    assertEquals({ code, message }, vector.error);
  }
  if (vector.commands) {
    assertEquals(plainJson(dialect.decode(frame).map(({ ref: _, ...command }) => command)), vector.commands);
  }
}
