/**
 * The socketio dialect, held to the laws of dialect.ts: its frames are packets, its types the names of events.
 */
import { testDialect } from "./dialect.ts";
import { namespaceDialect, socketio } from "../dialects.ts";
import type { SocketioPacket } from "../../src/socketio/codec.ts";

type Json = Record<string, unknown>;

/** `type` stands for the name of the event. */
function packetOf(json: unknown): SocketioPacket {
  const { type, ...argument } = json as Json;
  const size = JSON.stringify(argument)?.length ?? 0;
  return { kind: "event", name: type as string, args: [argument], ack: undefined, attachments: 0, size };
}

for (const namespace of ["/", "/chat"]) {
  const head = namespace === "/" ? "" : `${namespace},`;
  const dialect = namespace === "/" ? socketio : namespaceDialect(namespace);
  // A namespace keeps its rooms apart: to the rest of Parley their names begin with its own.
  const decode = (packet: SocketioPacket) => {
    return JSON.parse(JSON.stringify(dialect.decode(packet)).replaceAll(`"room":"${head}`, '"room":"'));
  };
  testDialect<SocketioPacket>({
    name: dialect.name,
    dialect: {
      name: dialect.name,
      decode,
      encodeReply: (reply) => dialect.encodeReply(reply),
      encodeEvent: (event) => dialect.encodeEvent(event),
    },
    input: packetOf,
    read: (frame) =>
      typeof frame === "string" ? JSON.parse(frame.replace(`${head}`, "").replace(/^4[2356]\d*-?/, "")) : frame,
    namesOf: (read) => Array.isArray(read) && typeof read[0] === "string" ? [read[0]] : [],
    join: (conversationId) => ({ type: "joinConversation", conversationId }),
    publish: (conversationId, content, beside) => ({ ...dataOf(beside), type: "sendMessage", conversationId, content }),
    types: ["sendMessage", "joinConversation", "leaveConversation", "addReaction", "typing", "callSignal", "cursor"],
  });
}

/** All other fields of a message are the application's, so these are no claims here. */
function dataOf({ user: _1, name: _2, identity: _3, self: _4, member: _5, kind: _6, ...beside }: Json = {}): Json {
  return beside;
}
