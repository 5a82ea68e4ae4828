/**
 * What an embedding program may decide and hear of. Every hook may be asynchronous. A hook that is asked may throw: a
 * ParleyError refuses with its code and message, anything else with `internal`, and is logged.
 */
import { ParleyError } from "../errors.ts";
import type { MaybePromise } from "../maybe.ts";
import type { UserId } from "../message.ts";
import type { Arrival, Asker, MemberTerms } from "../policy.ts";
import { thereIsNo } from "../config/nearest_name.ts";

/** A connection, as hooks and the library see it. */
export interface Client {
  readonly id: string;
  /** Absent for guests. */
  readonly userId?: UserId;
  readonly name: string;
  readonly dialect: string;
  readonly rooms: readonly string[];
  readonly address: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export function clientOf({ id, identity, member, dialect, rooms, address, createdAt }: Asker): Client {
  const names = rooms.map(({ name }) => name);
  return { id, userId: identity?.id, name: member.name, dialect: dialect.name, rooms: names, address, createdAt };
}

/** A user in the claims of a JWT: `{sub, name?, groups?, rooms?, roles?, exp?}`. */
export type UserClaims = Readonly<Record<string, unknown>>;

export interface Hooks {
  /**
   * Whom a token of the program's own names. `undefined`: it is for the configured keys to judge. A thrown ParleyError
   * `unauthorized` refuses it.
   */
  onToken?(token: string): MaybePromise<UserClaims | undefined>;
  /**
   * Whether a client may come in, before its upgrade is granted or its CONNECT answered: nothing can be sent to it yet.
   * `false` refuses with `forbidden`, `identity` says who it is, whatever its token says. A client with a bad token is
   * refused before.
   */
  onConnect?(
    client: Client,
    arrival: Arrival,
  ): MaybePromise<void | boolean | { readonly identity?: UserClaims | undefined }>;
  /** A client is in and has been greeted. What it sends waits until this has settled. */
  onConnected?(client: Client, arrival: Arrival): MaybePromise<unknown>;
  /**
   * `false` refuses with `forbidden`. `member` says how this room sees the client, in place of its own user id and name,
   * with up to a KiB of `info` beside; with `publish: false` it may only listen.
   */
  onJoin?(
    client: Client,
    room: string,
  ): MaybePromise<void | boolean | { readonly member?: MemberTerms; readonly publish?: boolean }>;
  /** Before a message from a client goes out: `false` refuses with `forbidden`, `{data}` replaces its data. */
  onMessage?(
    client: Client,
    message: { room?: string; to?: string; data: unknown },
  ): MaybePromise<void | boolean | { data: unknown }>;
  /** A client that was in has gone; `code`: see the table of close codes. */
  onDisconnect?(client: Client, code: number, reason: string): MaybePromise<unknown>;
}

const HOOKS: Record<keyof Hooks, true> = {
  onToken: true,
  onConnect: true,
  onConnected: true,
  onJoin: true,
  onMessage: true,
  onDisconnect: true,
};

/**
 * Throws `bad_message` if a hook is not a function, or bears an unknown name: it would never be called, and what it was to
 * refuse would be let in. Hooks of a class may have fields and methods of their own that do not begin with `on`.
 */
export function checkHooks(hooks: Hooks): void {
  const isPlain = [Object.prototype, null].includes(Object.getPrototypeOf(hooks));
  const problems = namesIn(hooks).filter((name) => Object.hasOwn(HOOKS, name) || isPlain || /^on[A-Z]/.test(name))
    .flatMap((name) => {
      if (!Object.hasOwn(HOOKS, name)) return [thereIsNo("hook", name, Object.keys(HOOKS))];
      const type = typeof hooks[name as keyof Hooks];
      return type === "function" || type === "undefined" ? [] : [`hook "${name}" must be a function, it is ${type}`];
    });
  if (problems.length > 0) throw new ParleyError("bad_message", `Cannot use the hooks: ${problems.join("; ")}`);
}

/** Methods of a class are on its prototype. */
function namesIn(hooks: object): string[] {
  const names = new Set<string>();
  for (let at: object = hooks; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  }
  return [...names];
}

/** Acknowledges an event: the first call counts. */
export type Acknowledge = (...values: unknown[]) => void;

/**
 * Takes an event of the program's own: `(from, ...args)`, and `(from, ...args, ack)` if the client asked for an
 * acknowledgement. That is what `ack` is called with first, or else what the handler returns, unless it is `undefined`.
 * What an event carries is agreed between the program and its clients: `Args` is the program's word for it.
 */
export type EventHandler<Args extends unknown[] = never[]> = (from: Client, ...args: Args) => MaybePromise<unknown>;
