/**
 * What an envelope client may send: five types, the actions of `system`, and the events of `custom_event`.
 *
 * Read by envelope.ts, which holds the other direction. Types that only the server sends are refused as `forbidden`,
 * whatever is in them.
 */
import * as v from "valibot";
import { ParleyError } from "../errors.ts";
import type { Command, CommandBody, Frame, Signal } from "../message.ts";
import * as field from "./fields.ts";
import { decoder, type FrameReader, isObject, type JsonObject, on, quote, type Ref, shortString } from "./frame.ts";
import { type IsReserved, refuseReserved } from "./reserved.ts";

const SERVER_ONLY = [
  ...["notification", "system_notification", "user_profile_update", "group_membership_change", "room_update"],
  ...["room_joined", "room_left", "error", "backend_status", "critical_alert", "service_recovery"],
];

const room = field.RoomName;

// ---- system: one reader for each data.action ----

const ACTIONS: Record<string, FrameReader> = {
  join: on({ room, since: field.Position }, (fields) => ({ kind: "join", ...fields })),
  leave: on({ room }, (fields) => ({ kind: "leave", ...fields })),
  ping: () => ({ kind: "ping" }),
  members: on({ room }, (fields) => ({ kind: "members", ...fields })),
  history: on(
    { room, before: field.Position, since: field.Position, limit: field.Limit },
    (fields) => ({ kind: "history", ...fields }),
  ),
  subscribe_presence: follow(true),
  unsubscribe_presence: follow(false),
  notifications: on({ before: field.ClientId, limit: field.Limit }, (fields) => ({ kind: "notifications", ...fields })),
  mark_read: on({ notification_id: field.ClientId }, (fields) => ({
    kind: "mark_read",
    notification: fields.notification_id,
  })),
  authenticate: on({ token: field.Token }, ({ token }) => ({ kind: "authenticate", token })),
};
const actions = new Map(Object.entries(ACTIONS));

/** One user, or a list of them. */
function follow(follow: boolean): FrameReader {
  const one: FrameReader = on({ userId: field.Person }, ({ userId }) => ({ kind: "follow", user: userId, follow }));
  const several: FrameReader = on(
    { userIds: field.People },
    ({ userIds }) => ({ kind: "follow", user: userIds, follow }),
  );
  return (fields, attempted) => (fields.userIds === undefined ? one : several)(fields, attempted);
}

const action = on({ action: field.Id }, (data) => data.action);

/** The room may also stand beside `data`, where every envelope has one. */
function readSystem(fields: JsonObject, attempted: string): CommandBody | undefined {
  const data = dataOf(fields, attempted);
  const name = action(data, attempted);
  const reader = actions.get(name);
  if (!reader) throw new ParleyError("unsupported_type", `Cannot ${attempted}: there is no action ${quote(name)}`);
  return reader({ room: fields.room, ...data }, `read the system frame for ${quote(name)}`);
}

// ---- custom_event: one reader for each data.event that is more than a name ----

type SignalReader = (data: JsonObject, attempted: string) => Signal;

const message_id = field.MessageId;
const EVENTS: Record<string, SignalReader> = {
  typing_start: () => ({ type: "typing", active: true }),
  typing_stop: () => ({ type: "typing", active: false }),
  reaction: on({ message_id, emoji: field.Id, action: field.ReactionAction }, ({ message_id, emoji, action }) => {
    return { type: "reaction", messageId: message_id, emoji, action };
  }),
  message_read: on({ message_id }, (data) => ({ type: "read", messageId: data.message_id })),
  call_signal: on({ signal: v.unknown() }, ({ signal }) => ({ type: "call", signal })),
  upload_progress: ({ event: _, ...data }) => ({ type: "upload", data }),
};
const events = new Map(Object.entries(EVENTS));

const event = on({ event: field.Id }, (data) => data.event);

function readSignal(fields: JsonObject, attempted: string, isReserved: IsReserved): Signal {
  const data = dataOf(fields, attempted);
  const name = event(data, attempted);
  const reader = events.get(name);
  if (reader) return reader(data, `read the custom_event ${quote(name)}`);
  refuseReserved(name, isReserved);
  const { event: _, ...rest } = data;
  return { type: "custom", name, data: rest };
}

function dataOf(fields: JsonObject, attempted: string): JsonObject {
  if (isObject(fields.data)) return fields.data;
  throw new ParleyError("bad_message", `Cannot ${attempted}: "data" must be an object`);
}

// ---- types ----

const address = { room: field.OptionalRoomName, to: field.OptionalPerson, id: field.ClientId };
const readAddress = on(address, (fields) => fields);

const FRAMES: Record<string, FrameReader> = {
  message: on(address, ({ room, to, id }, { data, echo }) => {
    if (data === undefined) throw new ParleyError("bad_message", 'Cannot read the message frame: "data" is missing');
    // Naming nobody means everybody, which the hub grants to administrators only.
    const target = room === undefined && to === undefined ? { broadcast: "all" } : { room, to };
    // A copy to one recipient is not an answer to the sender, so it bears the server's id only.
    const stamp = id !== undefined && to === undefined;
    return { kind: "publish", target, data, clientId: id, stamp, echo: echo !== false };
  }),
  presence: (fields, attempted) => presence(dataOf(fields, attempted), attempted),
  heartbeat: () => ({ kind: "ping" }),
  system: readSystem,
  ...Object.fromEntries(SERVER_ONLY.map((type) => [type, rejectFrame])),
};

function customEvent(isReserved: IsReserved): FrameReader {
  return (fields, attempted) => {
    const { id, ...target } = readAddress(fields, attempted);
    if (target.room === undefined && target.to === undefined) {
      throw new ParleyError("bad_message", `Cannot ${attempted}: it has neither "room" nor "to"`);
    }
    return { kind: "signal", target, signal: readSignal(fields, attempted, isReserved), clientId: id };
  };
}

const presence = on({ status: field.StatusName, metadata: field.Metadata }, (data): CommandBody => {
  return { kind: "set_presence", ...data };
});

function rejectFrame(_: JsonObject, attempted: string): never {
  throw new ParleyError("forbidden", `Cannot ${attempted}: only the server sends it`);
}

const readId = on({ id: field.ClientId }, ({ id }) => id);

/** A frame with an id that cannot come back is refused before anything else: its sender would wait in vain. */
function envelopeRef(fields: JsonObject, type: string): Ref {
  const id = fields.id === undefined ? undefined : readId(fields, "read the frame");
  return { type, id, room: shortString(fields.room) };
}

/** The `decode` of the dialect: no custom event may have a name that is reserved. */
export function envelopeDecoder(isReserved: IsReserved): (frame: Frame) => Command[] {
  return decoder({ ...FRAMES, custom_event: customEvent(isReserved) }, envelopeRef);
}
