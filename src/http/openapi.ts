/**
 * /openapi.json: the description of the routes, written from the declarations that serve them.
 */
import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { type ErrorCode, HTTP_STATUS } from "../errors.ts";
import { VERSION } from "../version.ts";
import { type Needs, type Route, route, type Schema } from "./route.ts";

type Json = Record<string, unknown>;

/** Describes `routes`, which live under `basePath`, and itself. */
export function openapiRoute(routes: readonly Route[], basePath: string): Route {
  let described: Json | undefined;
  const self: Route = route({
    method: "GET",
    path: "/openapi.json",
    needs: "nothing",
    about: "This description",
    answer: "application/json",
    serve: () => Response.json(described ??= describe([...routes, self], basePath)),
  });
  return self;
}

function describe(routes: readonly Route[], basePath: string): Json {
  const paths: Record<string, Json> = {};
  for (const each of routes) (paths[each.path] ??= {})[each.method.toLowerCase()] = operation(each);
  return {
    openapi: "3.1.0",
    info: {
      title: "Parley",
      version: VERSION,
      description: "The HTTP side of a WebSocket room server. Every error is JSON with a stable code.",
    },
    servers: [{ url: basePath || "/" }],
    paths,
    components: {
      schemas: { Error: ERROR },
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "A user's JWT, or the admin key" },
        key: { type: "apiKey", in: "header", name: "X-API-Key", description: "The admin key" },
      },
    },
  };
}

const ERROR = {
  type: "object",
  properties: {
    error: { type: "string", description: "What was attempted, and what stood in the way" },
    code: { type: "string", enum: Object.keys(HTTP_STATUS) },
    retryAfter: { type: "integer", description: "Milliseconds after which a retry can succeed" },
  },
  required: ["error", "code"],
};

const SECURITY: Record<Needs, Json[]> = {
  nothing: [],
  user: [{ bearer: [] }, { key: [] }],
  admin: [{ bearer: [] }, { key: [] }],
};

function operation(each: Route): Json {
  const responses: Json = {};
  for (const status of [each.status ?? 200, ...each.alsoStatus ?? []]) responses[status] = success(each);
  for (const [status, codes] of errorsOf(each)) {
    responses[status] = { description: codes.join(", "), content: jsonOf({ $ref: "#/components/schemas/Error" }) };
  }
  return {
    operationId: `${each.method.toLowerCase()}${each.path.replace(/\W+/g, "_")}`.replace(/_$/, ""),
    summary: each.about,
    security: SECURITY[each.needs],
    parameters: [
      ...parametersOf(each.params, "path"),
      ...parametersOf(each.query, "query"),
      ...parametersOf(each.headers, "header"),
    ],
    ...(each.body && { requestBody: { content: jsonOf(schemaOf(each.body, "input")) } }),
    responses,
  };
}

function success({ answer, about }: Route): Json {
  if (typeof answer === "string") return { description: about, content: { [answer]: {} } };
  return { description: about, content: jsonOf(schemaOf(answer, "output")) };
}

function errorsOf({ needs, params, query, body, headers, errors = [] }: Route): Map<number, ErrorCode[]> {
  const codes = new Set<ErrorCode>(errors);
  if (params || query || body || headers) codes.add("bad_message");
  if (body) codes.add("too_large");
  if (needs !== "nothing") {
    for (const code of ["unauthorized", "token_expired", "forbidden", "rate_limited", "unavailable"] as const) {
      codes.add(code);
    }
  }
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) byStatus.set(HTTP_STATUS[code], [...byStatus.get(HTTP_STATUS[code]) ?? [], code]);
  return byStatus;
}

function parametersOf(fields: Route["params"], place: "path" | "query" | "header"): Json[] {
  return Object.entries(fields?.entries ?? {}).map(([name, schema]) => ({
    name,
    in: place,
    required: place === "path",
    schema: schemaOf(schema as Schema, "input"),
  }));
}

function jsonOf(schema: unknown): Json {
  return { "application/json": { schema } };
}

/** Checks that JSON Schema cannot say are left out: the server is stricter than its description. */
function schemaOf(schema: v.GenericSchema, typeMode: "input" | "output"): unknown {
  const { $schema: _, ...rest } = toJsonSchema(schema, { typeMode, errorMode: "ignore" });
  return rest;
}
