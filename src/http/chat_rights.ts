/**
 * Whether a user may publish into a room, or read it, without a connection there. The policies are asked, as over a
 * WebSocket; nothing is decided here but that whoever may publish could join as well.
 */
import { listensOnly } from "../commands/publish.ts";
import type { Hub } from "../hub/hub.ts";
import { groupRooms, isMember } from "../hub/identity.ts";
import { type MaybePromise, run } from "../maybe.ts";
import type { Identity, Member } from "../message.ts";
import { ALLOWED, type Asker, type JoinTerms, termsOf, type Verdict } from "../policy.ts";
import { typeOfRoom } from "../room_name.ts";
import type { Caller } from "./access.ts";
import { PROGRAM } from "../policies/program.ts";

/** A message as it may go out. */
export interface ApprovedMessage {
  data: unknown;
  from: Member;
}

/** A user who asks over HTTP. */
interface HttpAsker extends Asker {
  readonly identity: Identity;
}

export class ChatRights {
  readonly #hub: Hub;
  readonly #dialect: string;

  /** `dialect`: what hooks are shown as the dialect of who asks over HTTP. */
  constructor(hub: Hub, dialect: string) {
    this.#hub = hub;
    this.#dialect = dialect;
  }

  /** Throws `forbidden`, `unauthorized` or `not_joined`. */
  async toPublish(caller: Caller, room: string, data: unknown): Promise<ApprovedMessage> {
    const { policies } = this.#hub;
    const who = this.#askerOf(caller);
    // What a room made of a member when it joined is known where the member is: a refusal by now is not overruled by it.
    const { member, publish } = termsOf(await this.#unlessInGroup(who, room, () => policies.join(who, room, {})), {
      room,
    });
    if (publish === false) termsOf(listensOnly(room), { room });
    const message = { kind: "publish" as const, target: { room }, data };
    const terms = termsOf(await policies.publish(who, message.target, message), { room });
    const { user = who.member.user, name = who.member.name } = member ?? {};
    return { data: "data" in terms ? terms.data : data, from: { connection: who.id, user, name } };
  }

  /** Members may, and who could join. Throws `forbidden` or `unauthorized`. */
  async toRead(caller: Caller, room: string): Promise<void> {
    const who = this.#askerOf(caller);
    const verdict = await this.#unlessInGroup(who, room, () => this.#hub.policies.read(who, room, "history"));
    // Who is in the room hears it all anyway: the program may let in nobody else by now.
    const isIn = !verdict.allow && verdict.by === PROGRAM && await run(isMember(this.#hub, who.identity.user, room));
    termsOf(isIn ? ALLOWED : verdict, { room });
  }

  /** The verdict, except on groups, which nobody joins and the server puts their members into. */
  async #unlessInGroup(
    { identity }: HttpAsker,
    room: string,
    ask: () => MaybePromise<Verdict<JoinTerms>>,
  ): Promise<Verdict<JoinTerms>> {
    if (typeOfRoom(room) === "group" && (await run(groupRooms(this.#hub, identity))).includes(room)) return ALLOWED;
    return await ask();
  }

  #askerOf({ identity: given, address }: Caller): HttpAsker {
    const identity = given as Identity;
    return {
      id: "server",
      identity,
      member: { connection: "server", user: identity.id, name: identity.name },
      dialect: { name: this.#dialect },
      rooms: [],
      address,
      createdAt: Date.now(),
      // Before it publishes it is asked whether it could join.
      isIn: () => true,
    };
  }
}
