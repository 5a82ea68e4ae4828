/**
 * All policies as one, in their order: reserved rooms, guards of the dialects, rules of the configuration, the program.
 * The first refusal holds, and those behind it are not asked; what the others grant adds up, the last word counts.
 *
 * It decides nothing itself. Which policy has which question is settled at the start, so a question that none of them has
 * costs nothing.
 */
import { isPromise, type MaybePromise, type Steps, wait } from "../maybe.ts";
import type { PublishCommand, SignalCommand, StreamPosition, Target } from "../message.ts";
import {
  ALLOWED,
  type Arrival,
  type Asker,
  type Call,
  type ConnectionEnd,
  type ConnectTerms,
  type JoinTerms,
  type Policy,
  type PublishTerms,
  type Verdict,
} from "../policy.ts";
import { reservedRooms } from "./reserved.ts";

type Granted<Terms> = { readonly allow: true } & Terms;
type With<Question extends keyof Policy> = Policy & Required<Pick<Policy, Question>>;

export interface PolicyChainParts {
  guards?: readonly Policy[];
  rules: Policy;
  program?: Policy;
}

export class PolicyChain {
  readonly #connect: readonly With<"connect">[];
  readonly #connected: readonly With<"connected">[];
  readonly #disconnect: readonly With<"disconnect">[];
  readonly #join: readonly With<"join">[];
  readonly #read: readonly With<"read">[];
  readonly #publish: readonly With<"publish">[];
  readonly #call: readonly With<"call">[];

  constructor({ guards = [], rules, program }: PolicyChainParts) {
    const policies = [reservedRooms, ...guards, rules, ...(program ? [program] : [])];
    const having = <Question extends keyof Policy>(question: Question) =>
      policies.filter((policy): policy is With<Question> => policy[question] !== undefined);
    this.#connect = having("connect");
    this.#connected = having("connected");
    this.#disconnect = having("disconnect");
    this.#join = having("join");
    this.#read = having("read");
    this.#publish = having("publish");
    this.#call = having("call");
  }

  /** Whether anybody looks at what clients come with. */
  get readsArrivals(): boolean {
    return this.#connect.length > 0 || this.#connected.length > 0;
  }

  get hearsOfEnds(): boolean {
    return this.#disconnect.length > 0;
  }

  connect(who: Asker, arrival: Arrival): MaybePromise<Verdict<ConnectTerms>> {
    return ask<With<"connect">, ConnectTerms>(this.#connect, (policy) => policy.connect(who, arrival));
  }

  *connected(who: Asker, arrival: Arrival): Steps<void> {
    for (const policy of this.#connected) yield* wait(policy.connected(who, arrival));
  }

  *disconnect(who: Asker, end: ConnectionEnd): Steps<void> {
    for (const policy of this.#disconnect) yield* wait(policy.disconnect(who, end));
  }

  join(who: Asker, room: string, request: { since?: StreamPosition }): MaybePromise<Verdict<JoinTerms>> {
    return ask<With<"join">, JoinTerms>(this.#join, (policy) => policy.join(who, room, request));
  }

  read(who: Asker, room: string, what: "history" | "presence"): MaybePromise<Verdict> {
    return ask(this.#read, (policy) => policy.read(who, room, what));
  }

  /** Each is asked about the message as those before it left it. */
  publish(who: Asker, target: Target, message: PublishCommand | SignalCommand): MaybePromise<Verdict<PublishTerms>> {
    return ask<With<"publish">, PublishTerms>(this.#publish, (policy, terms) => {
      const left = "data" in terms && message.kind === "publish" ? { ...message, data: terms.data } : message;
      return policy.publish(who, target, left);
    });
  }

  /** False: nobody knows the event. */
  call(who: Asker, call: Call, at = 0): MaybePromise<boolean> {
    for (; at < this.#call.length; at++) {
      const known = this.#call[at]!.call(who, call);
      if (isPromise(known)) return known.then((isKnown) => isKnown || this.call(who, call, at + 1));
      if (known) return true;
    }
    return false;
  }
}

/** How far a question has come: `granted` by those before `at`. */
interface Progress<Terms> {
  readonly at: number;
  readonly granted: Granted<Terms>;
}

const NOBODY_YET: Progress<object> = { at: 0, granted: ALLOWED };

function ask<Who, Terms>(
  policies: readonly Who[],
  question: (policy: Who, granted: Granted<Terms>) => MaybePromise<Verdict<Terms>>,
  { at, granted }: Progress<Terms> = NOBODY_YET as Progress<Terms>,
): MaybePromise<Verdict<Terms>> {
  let terms = granted;
  // An index, since every message comes this way.
  for (let next = at; next < policies.length; next++) {
    const verdict = question(policies[next]!, terms);
    if (isPromise(verdict)) {
      const before = terms;
      const at = next + 1;
      return verdict.then((settled) => {
        if (!settled.allow) return settled;
        return ask(policies, question, { at, granted: combined(before, settled) });
      });
    }
    if (!verdict.allow) return verdict;
    terms = combined(terms, verdict);
  }
  return terms;
}

function combined<Terms>(granted: Granted<Terms>, added: Granted<Terms>): Granted<Terms> {
  if (added === ALLOWED) return granted;
  return granted === ALLOWED ? added : { ...granted, ...added };
}
