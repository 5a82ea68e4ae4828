/**
 * What the HTTP side refuses of a request although it could be read: ids that JSON has rounded, and names that mean
 * nothing on a route of the admin API.
 */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { ParleyError } from "../../src/errors.ts";
import { assertError, callAsAdmin, openHttpServer } from "./http_calls.ts";

const SLOW = { timeout: 20_000 };

test("ids over 2^53 are refused in bodies, as strings they are taken", SLOW, async () => {
  await using server = await openHttpServer();
  const chat = "POST /api/chat/rooms/lobby/messages";
  const user = "POST /websocket/users/ann/message";
  const change = (id: string) => `{"type":"group_membership_change","data":{"group_id":${id},"joined":true}}`;
  for (const id of ["9007199254740993", "-9007199254740993", "1e400", "1.5"]) {
    for (const field of ["id", "sender_user_id"]) {
      const refused = await callAsAdmin(server, chat, { body: `{"content":"hi","${field}":${id}}` });
      assertError(refused, [400, "bad_message"]);
      assertStringIncludes(String(refused.body.error), `"${field}"`);
    }
    const refused = await callAsAdmin(server, user, { body: change(id) });
    assertError(refused, [400, "bad_message"]);
    assertStringIncludes(String(refused.body.error), "write it as a string");
  }
  assertEquals((await callAsAdmin(server, chat, { body: '{"content":"hi","id":"9007199254740993"}' })).status, 201);
  assertEquals((await callAsAdmin(server, user, { body: change('"9007199254740993"') })).status, 200);
  assertEquals((await callAsAdmin(server, user, { body: change("9007199254740991") })).status, 200);
});

test("an embedding program's numeric ids are held to the same", SLOW, async () => {
  await using testServer = await openHttpServer();
  const { parley: server } = testServer;
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

test("an id over HTTP is held to what one in a frame is: half a surrogate pair is refused", SLOW, async () => {
  await using server = await openHttpServer();
  const chat = "POST /api/chat/rooms/lobby/messages";
  const refused = await callAsAdmin(server, chat, { body: '{"content":"hi","id":"a\\ud800"}' });
  assertError(refused, [400, "bad_message"]);
  assertEquals((await callAsAdmin(server, chat, { body: '{"content":"hi","id":"a\\ud83d\\ude00"}' })).status, 201);
});
