/**
 * Standard Schema (https://standardschema.dev), version 1: the part that checks a value. Valibot, Zod and ArkType schemas fit.
 */
import { clientError } from "./client_error.ts";

export interface Schema {
  readonly "~standard": {
    validate(value: unknown): SchemaResult | Promise<SchemaResult>;
  };
}

export interface SchemaResult {
  readonly value?: unknown;
  readonly issues?: ReadonlyArray<{ readonly message: string }>;
}

export type Schemas = Record<string, Schema | undefined>;

/** The checked value. Throws `invalid_data` with the issues as its cause; a promise is refused too, it would reorder what arrives. */
export function validated(schema: Schema | undefined, name: string, data: unknown): unknown {
  if (!schema) return data;
  const result = schema["~standard"].validate(data) as SchemaResult;
  if (result.issues || !("value" in result)) throw clientError("invalid_data", `read "${name}"`, result.issues);
  return result.value;
}
