/**
 * The socketio dialect against its golden vectors. In a vector `frame` is what a client's `emit` was given, and a frame
 * to the client is written as its head (`42` an event, `43` and a number an acknowledgement) and its content.
 */
import { test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { EventPacket } from "../../src/socketio/codec.ts";
import { ParleyError } from "../../src/errors.ts";
import type { Command, Frame, Reply, RoomEvent } from "../../src/message.ts";
import { namespaceDialect, socketio as dialect } from "../dialects.ts";
import { fill, type Json, plainJson } from "./vectors.ts";
import vectors from "./vectors/socketio.json" with { type: "json" };

interface Vector {
  name: string;
  frame?: unknown[];
  commands?: unknown[];
  error?: { code: string; message: string };
  event?: Json;
  reply?: Json;
  /** The number under which the client waits. */
  ack?: number;
  frames?: unknown[];
}

function packetOf([name, ...args]: unknown[], beside: Partial<EventPacket> = {}): EventPacket {
  return { kind: "event", name: name as string, args, attachments: 0, size: JSON.stringify(args).length, ...beside };
}

/** `{"42": ["name", …]}` */
function shown(frame: Frame): unknown {
  if (typeof frame !== "string") return frame;
  const start = frame.search(/[[{]/);
  return { [frame.slice(0, start)]: JSON.parse(frame.slice(start)) };
}

function check({ frame, commands, error, event, reply, ack, frames }: Vector): void {
  if (event) assertEquals(dialect.encodeEvent(fill(event) as unknown as RoomEvent).map(shown), frames);
  if (reply) assertEquals(dialect.encodeReply({ ...fill(reply), ref: ack } as unknown as Reply).map(shown), frames);
  if (commands) assertEquals(plainJson(dialect.decode(packetOf(frame!))), commands);
  if (!error) return;
  const { code, message } = assertThrows(() => dialect.decode(packetOf(frame!)), ParleyError);
  assertEquals({ code, message }, error);
}

for (const vector of vectors as Vector[]) test(`socketio: ${vector.name}`, () => check(vector));

test("socketio: no two vectors have one name", () => {
  assertEquals(vectors.length, new Set(vectors.map(({ name }) => name)).size);
});

test("socketio: the answer finds its way by the number the client waits under", () => {
  const lobby = { conversationId: "lobby", content: "hi" };
  assertEquals(dialect.decode(packetOf(["sendMessage", lobby], { ack: 0 }))[0]!.ref, 0);
  assertEquals(dialect.decode(packetOf(["sendMessage", lobby]))[0]!.ref, undefined);
  assertEquals(assertThrows(() => dialect.decode(packetOf(["typing"], { ack: 3 })), ParleyError).ref, 3);
  assertEquals(dialect.decode({ kind: "ack", size: 2 }), []);
});

test("socketio: binary content goes out as it came in, its attachments behind the event", () => {
  const file = new Uint8Array([1, 2, 3]);
  const packet = packetOf(["sendMessage", { conversationId: "lobby", content: "look", file }], { attachments: 1 });
  const [command] = dialect.decode(packet);
  assert(command?.kind === "publish" && command.binary);
  const event = { ...fill({ from: "ann", room: "lobby" }), kind: "message", data: command.data, binary: true };
  const [head, attachment, ...more] = dialect.encodeEvent(event as unknown as RoomEvent);
  assertEquals([attachment, more], [file, []]);
  assert(String(head).startsWith('451-["newMessage",{"file":{"_placeholder":true,"num":0},"content":"look"'));
});

test("socketio: what no client would accept is refused before it goes to anybody", () => {
  const files = Array.from({ length: 11 }, () => new Uint8Array(1));
  const packet = packetOf(["sendMessage", { conversationId: "lobby", files }], { attachments: 11, ack: 1 });
  const error = assertThrows(() => dialect.decode(packet), ParleyError, "it has 11 attachments");
  assertEquals([error.code, error.ref], ["bad_message", 1]);
});

test("socketio: a namespace is in every frame, and its rooms are its own", () => {
  const chat = namespaceDialect("/chat");
  assertEquals(chat.name, "socketio/chat");
  const roomOf = (event: string, conversationId: string): unknown => {
    const command: Command = chat.decode(packetOf([event, { conversationId }]))[0]!;
    return "target" in command ? command.target.room : "room" in command ? command.room : undefined;
  };
  assertEquals(roomOf("joinConversation", "lobby"), "/chat,lobby");
  assertEquals(roomOf("typing", "lobby"), "/chat,lobby");
  assertEquals(roomOf("wave", "group:7"), "group:7");
  const event = { ...fill({ member: "ann", room: "/chat,lobby" }), kind: "join", edge: true };
  assertEquals(chat.encodeEvent(event as unknown as RoomEvent), [
    '42/chat,["userJoined",{"userId":7,"conversationId":"lobby"}]',
  ]);
  const reply = { ...fill({ self: "ann" }), kind: "ack", of: "signal", ref: 4 };
  assertEquals(chat.encodeReply(reply as unknown as Reply), ['43/chat,4[{"ok":true}]']);
});
