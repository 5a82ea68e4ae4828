/** Hooks that would never be called are refused, for what they were to refuse would be let in. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { test } from "node:test";
import { ParleyError } from "../../src/errors.ts";
import { checkHooks, type Hooks } from "../../src/policies/program.ts";

function complaint(hooks: object): string {
  const error = assertThrows(() => checkHooks(hooks as Hooks), ParleyError) as ParleyError;
  assertEquals(error.code, "bad_message");
  return error.message;
}

test("hooks: a name that none has is refused, with the one that was meant", () => {
  assertStringIncludes(complaint({ onJion() {} }), 'there is no hook "onJion", did you mean onJoin?');
  assertStringIncludes(complaint({ onconnect() {} }), 'there is no hook "onconnect", did you mean onConnect?');
  assertStringIncludes(complaint({ before: 1 }), 'there is no hook "before"');
  assertEquals(complaint({ onJion() {}, onMsg() {} }).split("there is no hook").length - 1, 2);
});

test("hooks: what is not a function is refused, what is undefined is not there", () => {
  assertStringIncludes(complaint({ onJoin: true }), 'hook "onJoin" must be a function, it is boolean');
  checkHooks({ onJoin: undefined });
  checkHooks({ onToken: () => undefined, onConnect() {}, onJoin() {}, onMessage() {}, onDisconnect() {} });
});

test("hooks: a class may have fields and methods of its own, but none that begins like a hook", () => {
  class Rules {
    readonly allowed = new Set<string>();
    onJoin(_: unknown, room: string): boolean {
      return this.isAllowed(room);
    }
    isAllowed(room: string): boolean {
      return this.allowed.has(room);
    }
  }
  checkHooks(new Rules());
  class Wrong extends Rules {
    onMesage(): void {}
  }
  assertStringIncludes(complaint(new Wrong()), 'there is no hook "onMesage", did you mean onMessage?');
});
