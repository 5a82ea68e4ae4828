/**
 * The laws of dialect.ts for a dialect that speaks JSON text with a `type` in each frame.
 */
import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import type { Dialect } from "../../src/dialect.ts";
import { ParleyError } from "../../src/errors.ts";
import type { Frame } from "../../src/message.ts";
import { type Subject, testDialect } from "./dialect.ts";

type Json = Record<string, unknown>;
export type JsonSubject = Pick<Subject<Frame>, "join" | "publish" | "types" | "isReserved">;

export function testJsonDialect(name: string, dialect: Dialect, shape: JsonSubject): void {
  testDialect({
    name,
    dialect,
    input: (json) => JSON.stringify(json),
    read: (frame) => JSON.parse(frame as string),
    namesOf: (read) => {
      const { type, data } = read as { type: string; data?: Json };
      return type === "custom_event" ? [type, data?.event as string] : [type];
    },
    ...shape,
  });

  test(`${name}: a binary frame is refused`, () => {
    const error = assertThrows(() => dialect.decode(new TextEncoder().encode('{"type":"ping"}')), ParleyError);
    assertEquals(error.code, "bad_message");
  });
}
