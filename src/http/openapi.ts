/**
 * /openapi.json: the description of the routes, written from the declarations that serve them.
 */
import { type ConversionConfig, type JsonSchema, toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { type ErrorCode, HTTP_STATUS } from "../errors.ts";
import { type Described, DESCRIBED_AS } from "./fields.ts";
import { VERSION } from "../config/version.ts";
import type { Needs } from "./access.ts";
import { type Route, route, type Schema } from "./route.ts";

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
      license: { name: "MIT", identifier: "MIT" },
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
      ...queryOf(each),
      ...parametersOf(each.headers, "header"),
    ],
    ...(each.body && { requestBody: bodyOf(each.body) }),
    responses,
  };
}

function success({ answer, about }: Route): Json {
  if (typeof answer === "string") return { description: about, content: { [answer]: {} } };
  return { description: about, content: jsonOf(schemaOf(answer, "output")) };
}

function errorsOf({ needs, body, errors = [] }: Route): Map<number, ErrorCode[]> {
  // Any request can have a Host that is not a host name.
  const codes = new Set<ErrorCode>(["bad_message", ...errors]);
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

/** Fields that exclude each other are described as the parts of one parameter: single ones cannot say so. */
function queryOf({ query, exclusive }: Route): Json[] {
  if (!query || !exclusive) return parametersOf(query, "query");
  const both = { properties: Object.fromEntries(exclusive.map((name) => [name, {}])), required: exclusive };
  const schema = { ...schemaOf(query, "input"), not: both };
  const description = `At most one of ${exclusive.join(" and ")}`;
  return [{ name: "page", in: "query", style: "form", explode: true, required: false, description, schema }];
}

/** An empty one is read as `{}`. */
function bodyOf(schema: Schema): Json {
  const content = schemaOf(schema, "input");
  const isNeeded = content.anyOf !== undefined || (content.required as string[]).length > 0;
  return { required: isNeeded, content: jsonOf(content) };
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
function schemaOf(schema: v.GenericSchema, typeMode: "input" | "output"): Json {
  const { $schema: _, ...rest } = toJsonSchema(schema, { typeMode, errorMode: "ignore", overrideAction: asDescribed });
  return rest;
}

type OverrideAction = NonNullable<ConversionConfig["overrideAction"]>;

/** See `described` of fields.ts. */
const asDescribed: OverrideAction = ({ valibotAction, jsonSchema }) => {
  const described = (valibotAction as { metadata?: { [DESCRIBED_AS]?: Described } }).metadata?.[DESCRIBED_AS];
  if (described === undefined) return undefined;
  const more = isSchema(described) ? schemaOf(described, "input") : described;
  return { ...jsonSchema, ...more } as JsonSchema;
};

function isSchema(described: Described): described is v.GenericSchema {
  return described.kind === "schema";
}
