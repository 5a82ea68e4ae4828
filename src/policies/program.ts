/**
 * The embedding program as a policy: its hooks are asked, its handlers answer events of its own.
 *
 * What hooks return is checked and copied before it counts: it comes from JavaScript of any sort, and a mistake must let
 * nobody in. What cannot be understood is a fault of the program, answered as `internal` and logged.
 */
import { Buffer } from "node:buffer";
import { ParleyError } from "../errors.ts";
import { countAttachments, jsonValue, jsonValueWithBytes, MAX_ATTACHMENTS } from "../json.ts";
import { after, isPromise, type MaybePromise } from "../maybe.ts";
import type { Identity, PublishCommand, UserId } from "../message.ts";
import {
  ALLOWED,
  type Asker,
  type Call,
  type ConnectTerms,
  type Denial,
  type JoinTerms,
  type MemberTerms,
  type Policy,
  type PublishTerms,
  type Verdict,
} from "../policy.ts";
import { isRoomName } from "../room_name.ts";
import { cutText } from "../unicode.ts";
import { clientOf, type EventHandler, type Hooks, type UserClaims } from "./hooks.ts";

/** Stands as `by` in what the program refuses. */
export const PROGRAM = "program";
const MAX_INFO_BYTES = 1024;
const MAX_NAME_LENGTH = 128;

/** What a hook has answered, before anything of it is trusted. */
type HookAnswer = Record<string, unknown>;

export interface ProgramPolicyParts {
  hooks: Hooks;
  /** Whom claims name. Throws ParleyError if that is nobody. */
  identityOf(claims: UserClaims): Identity;
  /** Events that have a meaning of their own. */
  isTaken?(event: string): boolean;
}

export class ProgramPolicy implements Policy {
  readonly name = PROGRAM;
  readonly connect: Policy["connect"];
  readonly connected: Policy["connected"];
  readonly disconnect: Policy["disconnect"];
  readonly join: Policy["join"];
  readonly read: Policy["read"];
  readonly publish: Policy["publish"];
  readonly #isTaken: (event: string) => boolean;
  readonly #handlers = new Map<string, EventHandler>();

  /** Without a hook its question is not asked. */
  constructor({ hooks, identityOf, isTaken = () => false }: ProgramPolicyParts) {
    this.#isTaken = isTaken;
    if (hooks.onConnect) {
      const terms = (answer: HookAnswer) => connectTerms(answer, identityOf);
      this.connect = (who, arrival) => judged(() => hooks.onConnect!(clientOf(who), arrival), "connect", terms);
    }
    if (hooks.onConnected) {
      this.connected = (who, arrival) => settled(hooks.onConnected!(clientOf(who), arrival));
    }
    if (hooks.onDisconnect) {
      this.disconnect = (who, { code, reason }) => settled(hooks.onDisconnect!(clientOf(who), code, reason));
    }
    if (hooks.onJoin) {
      const ask = (who: Asker, room: string) => hooks.onJoin!(clientOf(who), room);
      this.join = (who, room) => judged(() => ask(who, room), `join room "${room}"`, joinTerms);
      this.read = (who, room) => judged(() => ask(who, room), `read room "${room}"`, () => ({}));
    }
    if (hooks.onMessage) {
      this.publish = (who, { room, to, user }, message) => {
        if (message.kind !== "publish") return ALLOWED;
        const shown = { room, to: to ?? user, data: message.data };
        return judged(() => hooks.onMessage!(clientOf(who), shown), "send the message", (answer) => {
          return publishTerms(answer, message);
        });
      };
    }
  }

  /** One handler for a name: a later one takes its place. Throws TypeError for an event that has a meaning of its own. */
  handle(name: string, handler: EventHandler): void {
    if (this.#isTaken(name)) throw new TypeError(`Cannot handle the event "${name}": it has a meaning of its own`);
    this.#handlers.set(name, handler);
  }

  call(who: Asker, { name, args, acknowledge }: Call): MaybePromise<boolean> {
    const handler = this.#handlers.get(name);
    if (!handler) return false;
    const given = acknowledge ? [...args, acknowledge] : args;
    return after(settled(handler(clientOf(who), ...given as never[])), (result) => {
      if (result !== undefined) acknowledge?.(result);
      return true;
    });
  }
}

/** `attempt`: what `false` refuses. */
function judged<Terms>(
  ask: () => unknown,
  attempt: string,
  termsIn: (answer: HookAnswer) => Terms,
): MaybePromise<Verdict<Terms>> {
  const read = (answer: unknown): Verdict<Terms> => {
    if (answer === false) {
      return { allow: false, code: "forbidden", message: `Cannot ${attempt}: it was refused`, by: PROGRAM };
    }
    if (typeof answer !== "object" || answer === null) return ALLOWED as Verdict<Terms>;
    return { allow: true, ...termsIn(answer as HookAnswer) };
  };
  try {
    const answer = settled(ask());
    return isPromise(answer) ? answer.then(read).catch(refusalOf) : read(answer);
  } catch (error) {
    return refusalOf(error);
  }
}

/** Not every promise is one of the runtime's: taken for an answer, a query's would be a yes. */
function settled<T>(answer: T): MaybePromise<Awaited<T>> {
  const isThenable = typeof answer === "object" && answer !== null && "then" in answer &&
    typeof answer.then === "function";
  return isThenable ? Promise.resolve(answer) : answer as Awaited<T>;
}

function refusalOf(error: unknown): Denial {
  if (!(error instanceof ParleyError)) throw error;
  const { code, message, retryAfter } = error;
  return { allow: false, code, message, retryAfter, by: PROGRAM };
}

function connectTerms({ identity }: HookAnswer, identityOf: ProgramPolicyParts["identityOf"]): ConnectTerms {
  if (identity === undefined) return {};
  if (!isRecord(identity)) throw new TypeError("onConnect: identity must be an object of claims, such as {sub}");
  return { identity: identityOf(identity) };
}

function joinTerms({ member, publish }: HookAnswer): JoinTerms {
  if (publish !== undefined && typeof publish !== "boolean") throw new TypeError("onJoin: publish must be a boolean");
  const terms: { member?: MemberTerms; publish?: boolean } = publish === undefined ? {} : { publish };
  if (member !== undefined) terms.member = memberTerms(member);
  return terms;
}

function memberTerms(member: unknown): MemberTerms {
  if (!isRecord(member)) throw new TypeError("onJoin: member must be an object {user?, name?, info?}");
  const { user, name, info } = member;
  if (user !== undefined && !isUserId(user)) throw new TypeError("onJoin: member.user must be the id of a user");
  if (name !== undefined && typeof name !== "string") throw new TypeError("onJoin: member.name must be a string");
  const terms: { user?: UserId; name?: string; info?: unknown } = {};
  if (user !== undefined) terms.user = user;
  if (name !== undefined) terms.name = cutText(name.toWellFormed(), MAX_NAME_LENGTH);
  if (info !== undefined) terms.info = infoOf(info);
  return terms;
}

function infoOf(info: unknown): unknown {
  const copy = jsonValue(info, "show the info of a member");
  if (Buffer.byteLength(JSON.stringify(copy)) <= MAX_INFO_BYTES) return copy;
  throw new TypeError(`onJoin: member.info has more than ${MAX_INFO_BYTES} bytes as JSON`);
}

function publishTerms(answer: HookAnswer, { binary }: PublishCommand): PublishTerms {
  const attempt = "send the message as the hook left it";
  if (!binary) return { data: jsonValue(answer.data, attempt) };
  const data = jsonValueWithBytes(answer.data, attempt);
  if (countAttachments(data) <= MAX_ATTACHMENTS) return { data };
  throw new ParleyError("bad_message", `Cannot ${attempt}: it has more than ${MAX_ATTACHMENTS} attachments`);
}

function isUserId(user: unknown): user is UserId {
  return typeof user === "number" ? Number.isSafeInteger(user) : typeof user === "string" && isRoomName(user);
}

function isRecord(value: unknown): value is HookAnswer {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
