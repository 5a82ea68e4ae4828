/**
 * HTTP requests to a test's server, for the tests of the HTTP side: one call, one answer with its parsed body.
 */
import { assertEquals } from "@std/assert";
import type { ServerOptions } from "../../src/mod.ts";
import { type JsonFrame, TestServer } from "./test_server.ts";

export const ADMIN_KEY = "the key of the admins";

export interface Call {
  /** A bearer token or the admin key. */
  bearer?: string;
  headers?: Record<string, string>;
  /** Sent as JSON; a string goes as it is. */
  body?: unknown;
  /** Instead of the first public port. */
  port?: number;
}

export interface Answer {
  status: number;
  headers: Headers;
  /** Parsed, if it is JSON. */
  body: JsonFrame;
  text: string;
}

/** A server whose admin key is {@link ADMIN_KEY}. */
export function openHttpServer(options: ServerOptions = {}): Promise<TestServer> {
  return TestServer.open({ adminToken: ADMIN_KEY, ...options });
}

/** `what` is a method and a path: `GET /status`. */
export async function call(server: TestServer, what: string, options: Call = {}): Promise<Answer> {
  const [method, path] = what.split(" ") as [string, string];
  const { bearer, body, port = server.parley.port } = options;
  const headers = { ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }), ...options.headers };
  const payload = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, body: payload as string });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson && text !== "" ? JSON.parse(text) : {},
  };
}

/** The same with the admin key. */
export function callAsAdmin(server: TestServer, what: string, options: Call = {}): Promise<Answer> {
  return call(server, what, { bearer: ADMIN_KEY, ...options });
}

/** Holds an answer to the form that every error has. */
export function assertError({ status, body, headers }: Answer, expected: [status: number, code: string]): void {
  assertEquals([status, body.code], expected, JSON.stringify(body));
  assertEquals(typeof body.error, "string");
  const retryAfter = body.retryAfter === undefined ? null : String(Math.ceil(Number(body.retryAfter) / 1000));
  assertEquals(headers.get("retry-after"), retryAfter);
}
