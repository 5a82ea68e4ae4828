/**
 * signal: typing, reactions, receipts, calls, uploads and the application's own. Relayed, never kept.
 */
import { type CommandOf, type Handler, roomOf } from "./handler.ts";
import type { Connection } from "../hub/connection.ts";
import type { Hub } from "../hub/hub.ts";
import { after, type MaybePromise } from "../maybe.ts";
import type { SignalEvent } from "../message.ts";
import { direct } from "./direct.ts";
import { ParleyError } from "../errors.ts";
import { typeOfRoom } from "../room_name.ts";

export const signal: Handler<"signal"> = (hub, connection, command) => {
  const { to, user } = command.target;
  const sent = to === undefined && user === undefined
    ? toRoom(hub, connection, command)
    : toOne(hub, connection, command);
  if (!isAnswered(command)) return sent;
  return after(
    sent,
    () => hub.reply(connection, { kind: "ack", of: "signal", clientId: command.clientId }, command.ref),
  );
};

/** Whether its sender waits for an answer; most signals only say what somebody does. */
export function isAnswered({ ref, clientId }: CommandOf<"signal">): boolean {
  return ref !== undefined || clientId !== undefined;
}

function toRoom(hub: Hub, connection: Connection, command: CommandOf<"signal">): MaybePromise<void> {
  const room = roomOf(connection, command.target);
  const kind = typeOfRoom(room);
  if (kind === "personal" || kind === "presence") {
    throw new ParleyError("forbidden", `Cannot signal into room "${room}": only the server publishes there`, { room });
  }
  if (!connection.isIn(room)) {
    throw new ParleyError("not_joined", `Cannot signal into room "${room}": join it first`, { room });
  }
  const { signal } = command;
  // What carries content of the sender's own is as good as a message; the others only say what somebody does.
  if (signal.type === "custom" || signal.type === "call" || signal.type === "upload") {
    hub.permissions.checkPublish(room, {
      identity: connection.identity,
      roomPrefix: connection.roomPrefix,
      joined: true,
    });
  }
  if (signal.type === "typing") {
    if (signal.active) hub.typing.start(connection, room);
    else hub.typing.stop(connection, room);
  }
  const event = { ...eventOf(hub, connection, command), room };
  const except = signal.type === "reaction" || signal.type === "read" ? undefined : connection.id;
  return after(hub.publish({ room, event, except }), () => undefined);
}

function toOne(hub: Hub, connection: Connection, command: CommandOf<"signal">): MaybePromise<void> {
  const request = { target: command.target, event: eventOf(hub, connection, command), options: {} };
  return after(direct(hub, connection, request), () => undefined);
}

function eventOf(hub: Hub, connection: Connection, { signal, binary }: CommandOf<"signal">): SignalEvent {
  hub.stats.signals.add();
  const event: SignalEvent = { kind: "signal", ...hub.stamp(), from: connection.member, signal };
  if (binary) event.binary = true;
  return event;
}
