/**
 * What the HTTP side refuses of a request although it could be read: ids that JSON has rounded, and names that mean
 * nothing on a route of the admin API.
 */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { ParleyError } from "../../src/errors.ts";
import { assertError, callAsAdmin, openStage } from "./http_stage.ts";

const SLOW = { timeout: 20_000 };

test("ids over 2^53 are refused in bodies, as strings they are taken", SLOW, async () => {
  await using stage = await openStage();
  const chat = "POST /api/chat/rooms/lobby/messages";
  const user = "POST /websocket/users/ann/message";
  const change = (id: string) => `{"type":"group_membership_change","data":{"group_id":${id},"joined":true}}`;
  for (const id of ["9007199254740993", "-9007199254740993", "1e400", "1.5"]) {
    for (const field of ["id", "sender_user_id"]) {
      const refused = await callAsAdmin(stage, chat, { body: `{"content":"hi","${field}":${id}}` });
      assertError(refused, [400, "bad_message"]);
      assertStringIncludes(String(refused.body.error), `"${field}"`);
    }
    const refused = await callAsAdmin(stage, user, { body: change(id) });
    assertError(refused, [400, "bad_message"]);
    assertStringIncludes(String(refused.body.error), "write it as a string");
  }
  assertEquals((await callAsAdmin(stage, chat, { body: '{"content":"hi","id":"9007199254740993"}' })).status, 201);
  assertEquals((await callAsAdmin(stage, user, { body: change('"9007199254740993"') })).status, 200);
  assertEquals((await callAsAdmin(stage, user, { body: change("9007199254740991") })).status, 200);
});

test("an embedding program's numeric ids are held to the same", SLOW, async () => {
  await using stage = await openStage();
  const { server } = stage;
  const rounded = 2 ** 53;
  const attempts = [
    () => server.sendToUser(rounded, { type: "x" }),
    () => server.broadcastNewMessage("lobby", { id: rounded, content: "hi" }),
    () => server.broadcastNewMessage("lobby", { sender_user_id: rounded, content: "hi" }),
  ];
  for (const attempt of attempts) {
    const error = await assertRejects(attempt, ParleyError, "write it as a string");
    assertEquals(error.code, "bad_message");
  }
  await server.sendToUser(rounded - 1, { type: "x" });
});

test("a name that an admin route does not know is refused, with the one that was meant", SLOW, async () => {
  await using stage = await openStage();
  const rows: [what: string, body: unknown, said: string][] = [
    ["GET /websocket/connections?user=ann", undefined, 'the query: there is no "user", did you mean user_id?'],
    ["GET /websocket/connections?userId=ann", undefined, 'the query: there is no "userId", did you mean user_id?'],
    ["GET /websocket/connections?color=red", undefined, 'no "color", it takes user_id, room_id, cursor, limit'],
    ["GET /websocket/connections?user_id=ann&token=x", undefined, 'there is no "token"'],
    ["GET /websocket/connections/x?limit=1", undefined, 'there is no "limit", it takes nothing'],
    ["GET /websocket/rooms?member=ann", undefined, 'there is no "member", did you mean member_id?'],
    ["GET /websocket/rooms/x?limits=1", undefined, 'there is no "limits"'],
    ["GET /websocket/users/ann/notifications?befor=1", undefined, 'there is no "befor", did you mean before?'],
    ["POST /websocket/broadcast", { type: "x", daat: 1 }, 'the body: there is no "daat", did you mean data?'],
    ["POST /websocket/broadcast?room=x", { type: "x" }, 'the query: there is no "room"'],
    ["POST /websocket/rooms/x/message", { typ: "x" }, 'there is no "typ", did you mean type?'],
    ["POST /websocket/users/ann/message", { type: "x", message: 1 }, 'there is no "message", it takes type, data'],
    ["POST /websocket/connections/x/message", { type: "x", Data: 1 }, 'there is no "Data", did you mean data?'],
    ["POST /websocket/users/ann/disconnect", { block: 60 }, 'there is no "block", did you mean blockSeconds?'],
    ["DELETE /websocket/connections/x", { blockSeconds: 60 }, 'there is no "blockSeconds", it takes nothing'],
    ["DELETE /websocket/rooms/x/members/y?reason=z", undefined, 'there is no "reason"'],
  ];
  for (const [what, body, said] of rows) {
    const answer = await callAsAdmin(stage, what, { body });
    assertError(answer, [400, "bad_message"]);
    assertStringIncludes(String(answer.body.error), said);
  }
});

test("what others add to a request is refused nowhere else", SLOW, async () => {
  await using stage = await openStage();
  const body = { content: "hi", clientVersion: 7 };
  assertEquals((await callAsAdmin(stage, "POST /api/chat/rooms/lobby/messages?trace=1", { body })).status, 201);
  assertEquals((await callAsAdmin(stage, "GET /api/chat/rooms/lobby/messages?trace=1")).status, 200);
  for (const path of ["/status", "/websocket/status", "/livez", "/metrics", "/openapi.json"]) {
    assertEquals((await callAsAdmin(stage, `GET ${path}?_=1`)).status, 200, path);
  }
  // An empty object is what some clients send with every DELETE.
  assertError(await callAsAdmin(stage, "DELETE /websocket/connections/x", { body: {} }), [404, "not_found"]);
});
