/**
 * The content of messages on its way between dialects: what one client sends, a client of any other dialect reads, and
 * could send on without loss.
 */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import type { Dialect } from "../../src/dialect.ts";
import { envelope, kebab, plain, snake } from "../dialects.ts";
import type { MessageEvent } from "../../src/message.ts";
import { PEOPLE } from "./vectors.ts";

const DIALECTS: Dialect[] = [envelope, kebab, snake, plain];

const CONTENTS: Record<string, unknown> = {
  "a text": { text: "hi" },
  "an empty text": { text: "" },
  "a text and fields": { text: "hi", color: "red", size: 5 },
  "a text and a list": { text: "hi", data: [1, 2] },
  "a text and null": { text: "hi", data: null },
  "a text and a data field among others": { text: "hi", data: 5, color: "red" },
  "a text and an object called data": { text: "hi", data: { x: 1 } },
  "columns of a chat backend": { text: "hi", attachments: ["a.png"], reactions: {}, reply_to: null, edited: true },
  "columns and a number": { text: "hi", data: 5, messageType: "text" },
  "attachments alone": { attachments: ["a.png"] },
  "fields alone": { x: 1, y: { z: [] } },
  "nothing": {},
  "a field called data alone": { data: 5 },
  "a text that is no string": { text: 5, edited: true },
  "a list": [1, "two", null],
  "a number": 5,
  "null": null,
  "false": false,
  "a field called __proto__": JSON.parse('{"text":"hi","__proto__":{"admin":true},"constructor":1}'),
};

for (const dialect of DIALECTS) {
  for (const [name, data] of Object.entries(CONTENTS)) {
    test(`${dialect.name} carries ${name} there and back`, () => assertEquals(thereAndBack(dialect, data), data));
  }
}

test("a bare string has no field of its own in kebab: it is the text", () => {
  assertEquals(DIALECTS.map((dialect) => thereAndBack(dialect, "hi")), ["hi", { text: "hi" }, "hi", "hi"]);
});

test("a field called __proto__ stays a field", () => {
  const frame = JSON.parse(told(kebab, JSON.parse('{"text":"hi","__proto__":{"admin":true}}')));
  assertEquals(frame.message, "hi");
  assertEquals(Object.keys(frame.data), ["__proto__"]);
  assertEquals(frame.data.admin, undefined);
  assertEquals(({} as Record<string, unknown>).admin, undefined);
});

/** The message as the dialect tells it, sent again by the client that was told. */
function thereAndBack(dialect: Dialect, data: unknown): unknown {
  const frame = { ...JSON.parse(told(dialect, data)), type: "message", id: "again" };
  const [command] = dialect.decode(JSON.stringify(frame));
  return command?.kind === "publish" ? command.data : command;
}

function told(dialect: Dialect, data: unknown): string {
  const event: MessageEvent = {
    kind: "message",
    id: "m1",
    timestamp: 1763035200123,
    room: "lobby",
    from: PEOPLE.ann!,
    data,
  };
  return dialect.encodeEvent(event)[0] as string;
}
