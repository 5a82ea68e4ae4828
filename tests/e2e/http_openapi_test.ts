/**
 * The description of the API against the routes that are really there, and against what they really answer.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { assertError, call, callAsAdmin, openHttpServer } from "./http_calls.ts";
import type { JsonFrame, TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };

interface Parameter {
  name: string;
  in: string;
  required: boolean;
  explode?: boolean;
  schema: JsonFrame;
}

interface Operation {
  operationId: string;
  security: JsonFrame[];
  parameters: Parameter[];
  requestBody?: { required: boolean; content: { "application/json": { schema: JsonFrame } } };
  responses: Record<string, { content?: Record<string, { schema?: JsonFrame }> }>;
}

type Paths = Record<string, Record<string, Operation>>;

async function describedAt(server: TestServer, port?: number): Promise<Paths> {
  return (await call(server, "GET /openapi.json", { port })).body.paths as Paths;
}

const PUBLIC = [
  "GET /",
  "GET /api/chat/rooms/{roomId}/messages",
  "GET /client.js",
  "GET /livez",
  "GET /openapi.json",
  "GET /readyz",
  "GET /status",
  "GET /websocket/status",
  "GET /websocket/users/{id}/notifications",
  "POST /api/chat/rooms/{roomId}/messages",
];

const DEMO = [
  ...["GET /chat", "GET /chat.css", "GET /chat.js", "GET /dialects.css", "GET /dialects.js", "GET /look.css"],
  "POST /demo/token",
];

const ADMINS = [
  "DELETE /websocket/connections/{id}",
  "DELETE /websocket/rooms/{id}/members/{member}",
  "GET /metrics",
  "GET /websocket/connections",
  "GET /websocket/connections/{id}",
  "GET /websocket/rooms",
  "GET /websocket/rooms/{id}",
  "POST /websocket/broadcast",
  "POST /websocket/connections/{id}/message",
  "POST /websocket/rooms/{id}/message",
  "POST /websocket/users/{id}/disconnect",
  "POST /websocket/users/{id}/message",
];

function namesOf(paths: Paths): string[] {
  return Object.entries(paths).flatMap(([path, methods]) => {
    return Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`);
  }).sort();
}

test("every route is described, on the port where it is served", SLOW, async () => {
  await using server = await openHttpServer();
  assertEquals(namesOf(await describedAt(server)), [...PUBLIC, ...ADMINS].sort());
  await using apart = await openHttpServer({ adminPort: 0 });
  assertEquals(namesOf(await describedAt(apart)), PUBLIC);
  const onBoth = PUBLIC.filter((name) => !/ \/(api|client|$)/.test(name));
  assertEquals(namesOf(await describedAt(apart, apart.parley.adminPorts[0])), [...onBoth, ...ADMINS].sort());
  await using demo = await openHttpServer({ demo: true, jwtSecret: undefined });
  assertEquals(namesOf(await describedAt(demo)), [...PUBLIC, ...ADMINS, ...DEMO].sort());
});

test(
  "what is described is served: with its input and its credential it answers one of the described ways",
  SLOW,
  async () => {
    await using server = await openHttpServer({ demo: true, jwtSecret: undefined });
    for (const [path, methods] of Object.entries(await describedAt(server))) {
      for (const [method, { security, responses, parameters, requestBody }] of Object.entries(methods)) {
        const what = `${method.toUpperCase()} ${path.replace(/\{\w+\}/g, "x")}`;
        const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
        assertEquals(parameters.filter((each) => each.in === "path").map(({ name }) => name), names, what);
        const body = requestBody ? { type: "x", data: 1, content: "x", user: "x" } : undefined;
        const answer = await callAsAdmin(server, what, { body });
        assert(String(answer.status) in responses, `${what} answers ${answer.status} ${answer.text}`);
        if (security.length > 0) {
          assertEquals([(await call(server, what, { body })).status, "401" in responses], [401, true], what);
        }
        if (requestBody) {
          assertEquals([(await callAsAdmin(server, what, { body: "{" })).status, "400" in responses], [
            400,
            true,
          ]);
        }
      }
    }
  },
);

test("a server that is not ready answers as described", SLOW, async () => {
  await using server = await openHttpServer();
  const paths = await describedAt(server);
  const schemaOf = (path: string, status: string) =>
    paths[path]!.get!.responses[status]?.content?.["application/json"]?.schema;
  for (const path of ["/status", "/websocket/status"]) assertEquals(schemaOf(path, "503"), schemaOf(path, "200"));
  assertEquals(schemaOf("/readyz", "503"), { $ref: "#/components/schemas/Error" });
});

test("every operation has a name of its own, and its headers are described", SLOW, async () => {
  await using server = await openHttpServer();
  const paths = await describedAt(server);
  const names = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
  assertEquals(new Set(names).size, names.length);
  const { parameters } = paths["/api/chat/rooms/{roomId}/messages"]!.post!;
  assertEquals(parameters.map((each) => [each.in, each.name]), [["path", "roomId"], ["header", "idempotency-key"]]);
});

test("answers have the fields that are described", SLOW, async () => {
  await using server = await openHttpServer();
  await server.envelope("ann");
  const paths = await describedAt(server);
  const looks = ["/status", "/websocket/connections", "/websocket/rooms", "/websocket/users/{id}/notifications"];
  for (const path of looks) {
    const { schema } = paths[path]!.get!.responses["200"]!.content!["application/json"]!;
    const { body } = await callAsAdmin(server, `GET ${path.replace("{id}", "ann")}`);
    const { properties, required } = schema as { properties: JsonFrame; required: string[] };
    for (const name of required) assert(name in body, `${path} lacks ${name}`);
    for (const name of Object.keys(body)) assert(name in properties, `${path} answers ${name}, which is not described`);
  }
});

test("a body is described as needed where an empty one is refused", SLOW, async () => {
  await using server = await openHttpServer();
  const needed: string[] = [];
  for (const [path, { post }] of Object.entries(await describedAt(server))) {
    if (!post?.requestBody) continue;
    const { status } = await callAsAdmin(server, `POST ${path.replace(/\{\w+\}/g, "x")}`);
    assertEquals(post.requestBody.required, status === 400, path);
    if (post.requestBody.required) needed.push(path);
  }
  assertEquals(needed.length, 5);
});

test(
  "a message's body is described as it is read: content of some kind, and an admin's word with its rules",
  SLOW,
  async () => {
    await using server = await openHttpServer();
    const path = "/api/chat/rooms/{roomId}/messages";
    const { schema } = (await describedAt(server))[path]!.post!.requestBody!.content["application/json"];
    const contents = (schema.anyOf as { required: string[] }[]).map(({ required: [name] }) => name!);
    for (const name of contents) {
      const body = { [name]: name === "content" ? "x" : { any: 1 } };
      assertEquals((await callAsAdmin(server, "POST /api/chat/rooms/x/messages", { body })).status, 201, name);
    }
    const { id, sender_user_id: user, sender_name: name, timestamp } = schema.properties as Record<string, JsonFrame>;
    for (const field of [id, user, name, timestamp]) assert(field!.anyOf ?? field!.maxLength, JSON.stringify(field));
  },
);

test("positions that exclude each other are described so, and refused together", SLOW, async () => {
  await using server = await openHttpServer();
  const path = "/api/chat/rooms/{roomId}/messages";
  const [, page] = (await describedAt(server))[path]!.get!.parameters;
  assertEquals([page!.in, page!.explode, Object.keys(page!.schema.properties as JsonFrame)], [
    "query",
    true,
    ["before", "since", "limit"],
  ]);
  assertEquals((page!.schema.not as JsonFrame).required, ["before", "since"]);
  assertError(await callAsAdmin(server, "GET /api/chat/rooms/x/messages?before=a:1&since=a:1"), [400, "bad_message"]);
});

test("ids are described with what they are held to", SLOW, async () => {
  await using server = await openHttpServer();
  for (const [path, methods] of Object.entries(await describedAt(server))) {
    for (const { parameters } of Object.values(methods)) {
      for (const { in: place, name, schema } of parameters) {
        if (place === "path") assert(schema.maxLength && schema.minLength, `${path} ${name}`);
        if (name === "id" && /rooms|users/.test(path)) assert(schema.pattern, path);
      }
    }
  }
});
