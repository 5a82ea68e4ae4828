/**
 * What a route is: one declaration, from which it is served (router.ts), its input checked (input.ts) and its
 * description written (openapi.ts). What is not declared is not served, and nothing is described that is not served.
 */
import type * as v from "valibot";
import type { Peer } from "../adapter.ts";
import type { ErrorCode } from "../errors.ts";
import type { MaybePromise } from "../maybe.ts";
import type { Caller, Needs } from "./access.ts";

export type Schema = v.GenericSchema;
type ObjectSchema = v.ObjectSchema<v.ObjectEntries, undefined>;
type None = Record<never, never>;
type Read<S extends Some<Schema>> = S extends Schema ? v.InferOutput<S> : None;

/** A request whose credential and input have been checked. */
export interface Asked<Params, Query, Body, Headers> {
  caller: Caller;
  params: Params;
  query: Query;
  body: Body;
  headers: Headers;
  request: Request;
  peer: Peer;
}

interface Declaration {
  method: "GET" | "POST" | "DELETE";
  /** Parameters stand in braces. */
  path: string;
  needs: Needs;
  /** Also served without BASE_PATH: who asks for it does not come through the proxy. */
  isOperational?: true;
  /** One line for whoever reads the description. */
  about: string;
  /** Of success; 200 unless given. */
  status?: number;
  /** Further statuses whose answer has the same shape. */
  alsoStatus?: readonly number[];
  /** Beside those that follow from `needs` and from the input. */
  errors?: readonly ErrorCode[];
}

/** A route as the router and the description see it. */
export interface Route extends Declaration {
  params?: ObjectSchema;
  query?: ObjectSchema;
  /** Two fields of the query of which only one may be given. */
  exclusive?: readonly [string, string];
  body?: Schema;
  /** In lower case. */
  headers?: ObjectSchema;
  /** JSON of this shape, or text of this media type. */
  answer: Schema | string;
  /** A value is sent as JSON; a Response goes out as it is. May throw ParleyError. */
  serve(asked: Asked<unknown, unknown, unknown, unknown>): MaybePromise<unknown>;
}

type Some<T> = T | undefined;

interface Typed<
  P extends Some<ObjectSchema>,
  Q extends Some<ObjectSchema>,
  B extends Some<Schema>,
  H extends Some<ObjectSchema>,
  A,
> extends Declaration {
  params?: P;
  query?: Q;
  exclusive?: readonly [string, string];
  body?: B;
  headers?: H;
  answer: A;
  serve(
    asked: Asked<Read<P>, Read<Q>, Read<B>, Read<H>>,
  ): MaybePromise<Response | (A extends Schema ? v.InferInput<A> : never)>;
}

/** Holds a declaration's `serve` to its own schemas. */
export function route<
  P extends Some<ObjectSchema> = undefined,
  Q extends Some<ObjectSchema> = undefined,
  B extends Some<Schema> = undefined,
  H extends Some<ObjectSchema> = undefined,
  A extends Schema | string = string,
>(declaration: Typed<P, Q, B, H, A>): Route {
  return declaration;
}
