/**
 * What tests import as "@std/assert" (alias in deno.json for Deno, in tsconfig.json for Bun).
 * The assertions are Deno's standard ones, taken from npm so that both runtimes get the same code from the same place;
 * that package ships JavaScript without types, so the signatures in use are written down here.
 * Where JSR can be reached, both aliases may point at jsr:@std/assert instead and this file goes.
 */
import * as std from "deno-std/assert/mod.js";

/** Any class, abstract ones included. */
// deno-lint-ignore no-explicit-any
type Class<T> = abstract new (...args: any[]) => T;

interface Assertions {
  assert(value: unknown, message?: string): asserts value;
  assertAlmostEquals(actual: number, expected: number, tolerance?: number, message?: string): void;
  assertArrayIncludes<T>(actual: ArrayLike<T>, expected: ArrayLike<T>, message?: string): void;
  assertEquals<T>(actual: T, expected: T, message?: string): void;
  assertExists<T>(actual: T, message?: string): asserts actual is NonNullable<T>;
  assertFalse(value: unknown, message?: string): void;
  assertGreater<T>(actual: T, expected: T, message?: string): void;
  assertGreaterOrEqual<T>(actual: T, expected: T, message?: string): void;
  assertInstanceOf<T>(actual: unknown, expected: Class<T>, message?: string): asserts actual is T;
  assertLess<T>(actual: T, expected: T, message?: string): void;
  assertLessOrEqual<T>(actual: T, expected: T, message?: string): void;
  assertMatch(actual: string, expected: RegExp, message?: string): void;
  assertNotEquals<T>(actual: T, expected: T, message?: string): void;
  assertNotMatch(actual: string, expected: RegExp, message?: string): void;
  assertNotStrictEquals<T>(actual: T, expected: T, message?: string): void;
  assertObjectMatch(actual: object, expected: Record<PropertyKey, unknown>, message?: string): void;
  assertStrictEquals<T>(actual: unknown, expected: T, message?: string): asserts actual is T;
  assertStringIncludes(actual: string, expected: string, message?: string): void;
  assertRejects(run: () => PromiseLike<unknown>, message?: string): Promise<unknown>;
  assertRejects<E extends Error = Error>(
    run: () => PromiseLike<unknown>,
    error: Class<E>,
    includes?: string,
    message?: string,
  ): Promise<E>;
  assertThrows(run: () => unknown, message?: string): unknown;
  assertThrows<E extends Error = Error>(run: () => unknown, error: Class<E>, includes?: string, message?: string): E;
  fail(message?: string): never;
  unreachable(reason?: string): never;
}

// Each assertion carries its own type: TypeScript narrows after an assertion only where the name is annotated.
const all: Assertions = std;
export const assert: Assertions["assert"] = all.assert;
export const assertAlmostEquals: Assertions["assertAlmostEquals"] = all.assertAlmostEquals;
export const assertArrayIncludes: Assertions["assertArrayIncludes"] = all.assertArrayIncludes;
export const assertEquals: Assertions["assertEquals"] = all.assertEquals;
export const assertExists: Assertions["assertExists"] = all.assertExists;
export const assertFalse: Assertions["assertFalse"] = all.assertFalse;
export const assertGreater: Assertions["assertGreater"] = all.assertGreater;
export const assertGreaterOrEqual: Assertions["assertGreaterOrEqual"] = all.assertGreaterOrEqual;
export const assertInstanceOf: Assertions["assertInstanceOf"] = all.assertInstanceOf;
export const assertLess: Assertions["assertLess"] = all.assertLess;
export const assertLessOrEqual: Assertions["assertLessOrEqual"] = all.assertLessOrEqual;
export const assertMatch: Assertions["assertMatch"] = all.assertMatch;
export const assertNotEquals: Assertions["assertNotEquals"] = all.assertNotEquals;
export const assertNotMatch: Assertions["assertNotMatch"] = all.assertNotMatch;
export const assertNotStrictEquals: Assertions["assertNotStrictEquals"] = all.assertNotStrictEquals;
export const assertObjectMatch: Assertions["assertObjectMatch"] = all.assertObjectMatch;
export const assertStrictEquals: Assertions["assertStrictEquals"] = all.assertStrictEquals;
export const assertStringIncludes: Assertions["assertStringIncludes"] = all.assertStringIncludes;
export const assertRejects: Assertions["assertRejects"] = all.assertRejects;
export const assertThrows: Assertions["assertThrows"] = all.assertThrows;
export const fail: Assertions["fail"] = all.fail;
export const unreachable: Assertions["unreachable"] = all.unreachable;
export { AssertionError } from "deno-std/assert/mod.js";
