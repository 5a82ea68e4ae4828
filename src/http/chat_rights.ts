/**
 * Whether a user may publish into a room, or read it, without a connection there: the rules of the room, and the hooks
 * of the embedding program, which would be asked over a WebSocket too.
 */
import { ParleyError } from "../errors.ts";
import type { Client } from "../policies/program.ts";
import type { Hub } from "../hub/hub.ts";
import { groupRooms } from "../hub/identity.ts";
import { jsonValue } from "../json.ts";
import { run } from "../maybe.ts";
import type { Identity } from "../message.ts";
import { typeOfRoom } from "../room_name.ts";
import type { Caller } from "./access.ts";

export class ChatRights {
  readonly #hub: Hub;
  readonly #dialect: string;

  /** `dialect`: what hooks are shown as the dialect of who asks over HTTP. */
  constructor(hub: Hub, dialect: string) {
    this.#hub = hub;
    this.#dialect = dialect;
  }

  /** The data that may go out, which a hook can have replaced. Throws `forbidden`, `unauthorized` or `not_joined`. */
  async toPublish(caller: Caller, room: string, data: unknown): Promise<unknown> {
    const { hooks, permissions } = this.#hub;
    await this.toRead(caller, room);
    permissions.checkPublish(room, { identity: caller.identity, joined: true });
    const verdict = await hooks.onMessage?.(this.#clientOf(caller), { room, data });
    if (verdict === false) throw new ParleyError("forbidden", "Cannot send the message: it was refused", { room });
    if (!verdict || typeof verdict !== "object") return data;
    return jsonValue(verdict.data, "send the message as the hook left it");
  }

  /** Members may, and who could join. Throws `forbidden` or `unauthorized`. */
  async toRead(caller: Caller, room: string): Promise<void> {
    const { hooks, permissions, broker } = this.#hub;
    const identity = caller.identity!;
    if (typeOfRoom(room) === "group" && (await run(groupRooms(this.#hub, identity))).includes(room)) return;
    permissions.checkJoin(room, { identity });
    if (!hooks.onJoin || await broker.presence.contains(room, { user: identity.user })) return;
    const verdict = await hooks.onJoin(this.#clientOf(caller), room);
    if (verdict === false) throw new ParleyError("forbidden", `Cannot join room "${room}": it was refused`, { room });
  }

  #clientOf({ identity, address }: Caller): Client {
    const { id: userId, name } = identity as Identity;
    return { id: "server", userId, name, dialect: this.#dialect, rooms: [], address, createdAt: Date.now() };
  }
}
