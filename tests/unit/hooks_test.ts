/**
 * Hooks that would never be called are refused, for what they were to refuse would be let in; and what hooks answer counts
 * only as documented.
 */
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { test } from "node:test";
import { ParleyError } from "../../src/errors.ts";
import { checkHooks, type Hooks } from "../../src/policies/hooks.ts";
import { ProgramPolicy } from "../../src/policies/program.ts";
import { identityOfProgram } from "../../src/verifiers/program.ts";
import type { Asker, JoinTerms, Verdict } from "../../src/policy.ts";

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
  checkHooks({
    onToken: () => undefined,
    onConnect() {},
    onConnected() {},
    onJoin() {},
    onMessage() {},
    onDisconnect() {},
  });
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

const CLIENT: Asker = {
  id: "c",
  member: { connection: "c", name: "guest-1" },
  dialect: { name: "kebab" },
  rooms: [],
  address: "::1",
  createdAt: 0,
  isIn: () => true,
};

const policyOf = (hooks: Hooks) => new ProgramPolicy({ hooks, identityOf: identityOfProgram });

async function joinVerdict(answer: unknown): Promise<Verdict<JoinTerms>> {
  return await policyOf({ onJoin: () => answer as boolean }).join!(CLIENT, "lobby", {});
}

test("hooks: a promise of any make is waited for, and only false or what is thrown refuses", async () => {
  const thenable = (value: unknown) => ({ then: (resolve: (value: unknown) => void) => resolve(value) });
  for (const answer of [false, Promise.resolve(false), thenable(false), thenable(Promise.resolve(false))]) {
    const verdict = await joinVerdict(answer);
    assertEquals(verdict.allow ? "let in" : [verdict.code, verdict.by], ["forbidden", "program"]);
  }
  for (const answer of [undefined, true, null, 0, "", {}, thenable(true)]) {
    assertEquals(await joinVerdict(answer), { allow: true });
  }
  const full = new ParleyError("room_full", "Cannot join: the table is taken", { retryAfter: 5 });
  assertEquals(await joinVerdict({ then: (_: unknown, reject: (error: unknown) => void) => reject(full) }), {
    allow: false,
    code: "room_full",
    message: "Cannot join: the table is taken",
    retryAfter: 5,
    by: "program",
  });
});

test("hooks: what a room is to see of a member is checked, and a mistake lets nobody in", async () => {
  const member = { user: 7, name: "A".repeat(200), info: { since: 2021, skipped: undefined }, role: "admin" };
  assertEquals(await joinVerdict({ member, publish: false }), {
    allow: true,
    publish: false,
    member: { user: 7, name: "A".repeat(128), info: { since: 2021 } },
  });
  const wrong = [
    { member: "kim" },
    { member: { user: { id: 7 } } },
    { member: { user: 2 ** 53 } },
    { member: { user: "" } },
    { member: { name: 7 } },
    { member: { info: "x".repeat(1023) } },
    { publish: "no" },
  ];
  for (const answer of wrong) await assertRejects(() => joinVerdict(answer), TypeError, "onJoin: ");
});

test("hooks: without one its question is not asked", () => {
  const policy = policyOf({ onJoin: () => true });
  const asked = (["connect", "connected", "disconnect", "join", "read", "publish"] as const).filter((name) =>
    policy[name]
  );
  assertEquals(asked, ["join", "read"]);
});
