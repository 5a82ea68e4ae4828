/**
 * The dialects that speak JSON text, held to the laws of dialect.ts.
 */
import { envelope, kebab, plain, snake, undecided } from "../dialects.ts";
import { type JsonSubject, testJsonDialect } from "./json_dialect.ts";

testJsonDialect("envelope", envelope, {
  join: (room) => ({ type: "system", data: { action: "join", room } }),
  publish: (room, text, { data, ...beside } = {}) => ({ ...beside, type: "message", room, data: data ?? { text } }),
  types: ["message", "custom_event", "system", "presence", "heartbeat", "error"],
});

const kebabShape: JsonSubject = {
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
