/**
 * The dialects that speak JSON text, held to the laws of dialect.ts.
 */
import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import type { Dialect } from "../../src/dialect.ts";
import { envelope, kebab, plain, snake, undecided } from "../dialects.ts";
import { ParleyError } from "../../src/errors.ts";
import { type Frame } from "../../src/message.ts";
import { type Subject, testDialect } from "./dialect.ts";

type Json = Record<string, unknown>;
type Shape = Pick<Subject<Frame>, "join" | "publish" | "types">;

function testJsonDialect(name: string, dialect: Dialect, shape: Shape): void {
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

testJsonDialect("envelope", envelope, {
  join: (room) => ({ type: "system", data: { action: "join", room } }),
  publish: (room, text, { data, ...beside } = {}) => ({ ...beside, type: "message", room, data: data ?? { text } }),
  types: ["message", "custom_event", "system", "presence", "heartbeat", "error"],
});

const kebabShape: Shape = {
  join: (roomId) => ({ type: "join-room", roomId }),
  publish: (roomId, message, beside) => ({ ...beside, type: "message", roomId, message }),
  types: ["message", "join-room", "leave-room", "reaction", "typing-start", "authenticate", "ping", "join"],
};
testJsonDialect("kebab", kebab, kebabShape);
testJsonDialect("undecided", undecided, kebabShape);

testJsonDialect("snake", snake, {
  join: (roomId) => ({ type: "join_room", roomId }),
  publish: (roomId, content, beside) => ({ ...beside, type: "message", roomId, content }),
  types: ["message", "join_room", "leave_room", "reaction", "typing_start", "authenticate", "ping", "join"],
});

testJsonDialect("plain", plain, {
  join: (room) => ({ type: "join", room }),
  publish: (room, content, beside) => ({ ...beside, type: "message", room, content }),
  types: ["message", "join", "leave", "user_list", "authenticate", "ping", "pong", "join_room"],
});
