/**
 * Contract of what a command does: commands/*.ts.
 *
 * A handler acts through the hub and answers through `hub.reply` with the command's `ref`. It may throw: the dispatcher
 * answers the error. It returns a promise only if it had to wait.
 */
import type { Connection } from "../hub/connection.ts";
import { ParleyError } from "../errors.ts";
import type { Hub } from "../hub/hub.ts";
import type { MaybePromise } from "../maybe.ts";
import type { Command, CommandBody } from "../message.ts";

export type CommandOf<Kind extends CommandBody["kind"]> = Extract<Command, { kind: Kind }>;

export type Handler<Kind extends CommandBody["kind"]> = (
  hub: Hub,
  connection: Connection,
  command: CommandOf<Kind>,
) => MaybePromise<void>;

/** The room a frame means: its own, or that of the connection's URL. */
export function roomOf(connection: Connection, command: { room?: string }): string {
  const room = command.room ?? connection.pathRoom;
  if (room === undefined) throw new ParleyError("bad_message", 'Cannot serve the message: "room" is missing');
  return room;
}

/** Who the connection's user is; throws `unauthorized` for a guest. */
export function userOf(connection: Connection, attempt: string): string {
  if (connection.identity) return connection.identity.user;
  throw new ParleyError("unauthorized", `Cannot ${attempt}: authenticate first`);
}
