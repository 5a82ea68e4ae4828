/**
 * signal: typing, reactions, receipts, calls, uploads and the application's own. Relayed, never kept.
 */
import { type CommandOf, type Handler, roomOf } from "./handler.ts";
import type { Connection } from "../hub/connection.ts";
import type { Hub } from "../hub/hub.ts";
import { after, type MaybePromise } from "../maybe.ts";
import type { Member, SignalEvent } from "../message.ts";
import { direct } from "./direct.ts";
import { ParleyError } from "../errors.ts";
import { ALLOWED, termsOf } from "../policy.ts";
import { mayPublish } from "./publish.ts";
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
  const joined = connection.joined(room);
  if (kind === "personal" || kind === "presence") {
    throw new ParleyError("forbidden", `Cannot signal into room "${room}": only the server publishes there`, { room });
  }
  if (!joined) {
    throw new ParleyError("not_joined", `Cannot signal into room "${room}": join it first`, { room });
  }
  const { signal } = command;
  // What carries content of the sender's own is as good as a message; the others only say what somebody does.
  const hasContent = signal.type === "custom" || signal.type === "call" || signal.type === "upload";
  const asked = hasContent ? mayPublish(hub, connection, { target: { room }, message: command }) : ALLOWED;
  return after(asked, (verdict) => {
    termsOf(verdict, { room });
    return relay(hub, connection, { room, command });
  });
}

function relay(
  hub: Hub,
  connection: Connection,
  { room, command }: { room: string; command: CommandOf<"signal"> },
): MaybePromise<void> {
  const { signal } = command;
  if (signal.type === "typing") {
    if (signal.active) hub.typing.start(connection, room);
    else hub.typing.stop(connection, room);
  }
  const event = { ...eventOf(hub, command, connection.memberIn(room)), room };
  const except = signal.type === "reaction" || signal.type === "read" ? undefined : connection.id;
  return after(hub.broker.publish({ room, event, except }), () => undefined);
}

function toOne(hub: Hub, connection: Connection, command: CommandOf<"signal">): MaybePromise<void> {
  const request = { target: command.target, event: eventOf(hub, command, connection.member), options: {} };
  return after(direct(hub, connection, request), () => undefined);
}

function eventOf(hub: Hub, { signal, binary }: CommandOf<"signal">, from: Member): SignalEvent {
  hub.stats.signals.add();
  const event: SignalEvent = { kind: "signal", ...hub.stamp(), from, signal };
  if (binary) event.binary = true;
  return event;
}
