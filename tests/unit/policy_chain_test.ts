/** Several policies as one: who is asked, in which order, whose word holds, and when nobody has to wait. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { test } from "node:test";
import { ParleyError } from "../../src/errors.ts";
import { isPromise } from "../../src/maybe.ts";
import { PolicyChain } from "../../src/policies/chain.ts";
import {
  ALLOWED,
  type Asker,
  type Denial,
  type JoinTerms,
  type Policy,
  termsOf,
  type Verdict,
} from "../../src/policy.ts";

const WHO: Asker = {
  id: "c",
  member: { connection: "c", name: "guest-1" },
  dialect: { name: "kebab" },
  rooms: [],
  address: "::1",
  createdAt: 0,
  isIn: () => true,
};
const denial = (by: string): Denial => ({ allow: false, code: "forbidden", message: `Cannot join: ${by}`, by });
const later = <T>(value: T) => new Promise<T>((resolve) => setTimeout(() => resolve(value)));

/** A chain of policies that answer a join with these, and who of them was asked. */
function chain(...answers: (Verdict<JoinTerms> | Promise<Verdict<JoinTerms>>)[]): [PolicyChain, number[]] {
  const asked: number[] = [];
  const policies = answers.map((answer, at): Policy => ({ name: String(at), join: () => (asked.push(at), answer) }));
  const [rules, ...rest] = policies.reverse();
  return [new PolicyChain({ guards: rest.reverse(), rules: rules! }), asked];
}

test("the first refusal holds, and nobody behind it is asked", async () => {
  for (const wait of [(verdict: Denial) => verdict, later<Denial>]) {
    const [policies, asked] = chain(ALLOWED, wait(denial("second")), denial("third"));
    assertEquals(await policies.join(WHO, "lobby", {}), denial("second"));
    assertEquals(asked, [0, 1]);
  }
});

test("what is granted adds up, the last word counts, and a promise in between changes nothing of it", async () => {
  const first = { allow: true as const, member: { name: "A" }, publish: true };
  const third = { allow: true as const, publish: false };
  const both = { allow: true as const, member: { name: "A" }, publish: false };
  assertEquals(chain(first, ALLOWED, third)[0].join(WHO, "lobby", {}), both);
  assertEquals(await chain(later(first), ALLOWED, later(third))[0].join(WHO, "lobby", {}), both);
  assertEquals(await chain(first, later(ALLOWED), third)[0].join(WHO, "lobby", {}), both);
});

test("without anything granted the answer is made of nothing and comes at once", () => {
  const [policies] = chain(ALLOWED, ALLOWED);
  assertEquals(policies.join(WHO, "lobby", {}) === ALLOWED, true);
  const silent = new PolicyChain({ rules: { name: "rule" }, program: { name: "program" } });
  const message = { kind: "publish" as const, target: { room: "lobby" }, data: 1 };
  assertEquals(silent.publish(WHO, message.target, message) === ALLOWED, true);
  assertEquals([silent.readsArrivals, silent.hearsOfEnds, silent.call(WHO, { name: "x", args: [] })], [
    false,
    false,
    false,
  ]);
});

test("reserved rooms come before all others: a guard cannot open them, nor is it asked", () => {
  const [policies, asked] = chain(ALLOWED);
  const verdict = policies.join(WHO, "user:eve", {});
  assertEquals(!isPromise(verdict) && !verdict.allow && verdict.by, "reserved");
  assertEquals(asked, []);
});

test("each is asked about a message as those before it left it", async () => {
  const seen: unknown[] = [];
  const adding = (name: string, wait: boolean): Policy => ({
    name,
    publish: (_who, _target, message) => {
      if (message.kind !== "publish") return ALLOWED;
      seen.push(message.data);
      const verdict = { allow: true as const, data: `${message.data}${name}` };
      return wait ? later(verdict) : verdict;
    },
  });
  const message = { kind: "publish" as const, target: { room: "lobby" }, data: "" };
  for (const wait of [false, true]) {
    const policies = new PolicyChain({ rules: adding("a", wait), program: adding("b", wait) });
    assertEquals(await policies.publish(WHO, message.target, message), { allow: true, data: "ab" });
  }
  assertEquals(seen, ["", "a", "", "a"]);
});

test("an event goes to the first that knows it, and a refusal becomes the error that says it", async () => {
  const policies = new PolicyChain({
    rules: { name: "rule", call: (_who, { name }) => later(name === "slow") },
    program: { name: "program", call: (_who, { name }) => name === "quick" },
  });
  const known = (name: string) => policies.call(WHO, { name, args: [] });
  assertEquals([await known("slow"), await known("quick"), await known("other")], [true, true, false]);
  const error = assertThrows(() => termsOf({ ...denial("rule"), retryAfter: 5 }, { room: "lobby" }), ParleyError);
  const { code, room, retryAfter, by } = error as ParleyError;
  assertEquals([code, room, retryAfter, by], ["forbidden", "lobby", 5, "rule"]);
  const fault = new PolicyChain({ rules: { name: "rule", join: () => Promise.reject(new Error("purple")) } });
  await assertRejects(async () => await fault.join(WHO, "lobby", {}), Error, "purple");
});
