/**
 * What travels between nodes: a routed event as JSON with the version of this form, and the bytes inside of it beside it.
 *
 * A channel carries `epoch offset id json`, the id as one word, a log entry the JSON alone. The offset of an event that is
 * not kept is `>` and the newest kept one that it follows, and `- 0` where the room has none. Others can publish in
 * the same channels, so nothing that comes in is trusted to be ours.
 */
import { Buffer } from "node:buffer";
import type { RoutedEvent } from "../../broker.ts";
import type { Member, RoomEvent } from "../../message.ts";

/** Events of nodes with another version are counted as invalid. */
export const WIRE_VERSION = 1;

/** Where in the event the bytes were, and what they are in base64. */
type Inlay = [path: string[], base64: string];

export interface ReceivedEvent {
  /** Absent: the room had none when it was published. */
  epoch?: string;
  /** Of a kept event its place, of another one the newest kept event that it follows. */
  offset: number;
  isKept: boolean;
  id: string;
  /** Empty: it is a mark, by which a reader sees how far the channel is. */
  json: string;
}

const KINDS: Record<RoomEvent["kind"], "from" | "member" | undefined> = {
  message: "from",
  signal: "from",
  presence: "from",
  join: "member",
  leave: "member",
  member_updated: "member",
  members: undefined,
  server: undefined,
  unread: undefined,
  reset: undefined,
  notice: undefined,
};

export function encodeRouted({ room, event, except, only }: RoutedEvent): string {
  return encode({ room, except, only, event }, event);
}

/** Any value as JSON, with the bytes inside of `event` beside it. */
export function encode(value: object, event: RoomEvent): string {
  const bytes: Inlay[] = [];
  if (!("binary" in event) || !event.binary) return JSON.stringify({ v: WIRE_VERSION, ...value });
  collectBytes(event, [], bytes);
  const text = JSON.stringify(
    { v: WIRE_VERSION, bytes, ...value },
    function (this: Record<string, unknown>, key, inner) {
      return this[key] instanceof Uint8Array ? null : inner;
    },
  );
  return text;
}

function collectBytes(value: unknown, path: string[], found: Inlay[]): void {
  if (value instanceof Uint8Array) {
    found.push([path, Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64")]);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) collectBytes(inner, [...path, key], found);
  }
}

/** Reads what {@link encode} wrote; throws an Error that says what it is instead. */
export function decode(json: string): Record<string, unknown> {
  const value: unknown = JSON.parse(json);
  if (!isObject(value)) throw new Error("it is not an object");
  if (value.v !== WIRE_VERSION) throw new Error(`its version is ${JSON.stringify(value.v)}, not ${WIRE_VERSION}`);
  if (Array.isArray(value.bytes)) {
    for (const [path, base64] of value.bytes as Inlay[]) {
      putBytes(value, path, base64);
    }
  }
  return value;
}

function putBytes(value: Record<string, unknown>, path: string[], base64: string): void {
  let place: unknown = value.event;
  for (const key of path.slice(0, -1)) place = isObject(place) && Object.hasOwn(place, key) ? place[key] : undefined;
  const last = path.at(-1);
  if (!isObject(place) || last === undefined || !Object.hasOwn(place, last)) throw new Error("its bytes have no place");
  place[last] = new Uint8Array(Buffer.from(base64, "base64"));
}

/** Throws an Error that says why the text is not an event of the room. */
export function decodeRouted(json: string, room: string): RoutedEvent {
  const value = decode(json);
  if (value.room !== room) throw new Error(`it is for room ${JSON.stringify(value.room)}`);
  const routed: RoutedEvent = { room, event: checkEvent(value.event) };
  if (typeof value.except === "string") routed.except = value.except;
  if (typeof value.only === "string") routed.only = value.only;
  return routed;
}

export function checkEvent(event: unknown): RoomEvent {
  if (!isObject(event) || typeof event.kind !== "string" || !Object.hasOwn(KINDS, event.kind)) {
    throw new Error("it holds no event of a known kind");
  }
  const person = KINDS[event.kind as RoomEvent["kind"]];
  const who = person === undefined ? undefined : event[person];
  if (person !== undefined && (!isObject(who) || typeof who.connection !== "string" || typeof who.name !== "string")) {
    throw new Error(`its ${person} is not a member`);
  }
  if (typeof event.id !== "string" || typeof event.timestamp !== "number") throw new Error("it has no id or no time");
  return event as unknown as RoomEvent;
}

/** A member as presence keeps it; throws an Error that says what is wrong with it. */
export function readMember(json: string): Member {
  const value: unknown = JSON.parse(json);
  if (!isObject(value) || typeof value.connection !== "string" || typeof value.name !== "string") {
    throw new Error("it is not a member");
  }
  return value as unknown as Member;
}

/** The id as one word: an application's own may be any text. */
export function encodeId(id: string): string {
  return encodeURIComponent(id.toWellFormed());
}

/** Undefined: it is not a word of {@link encodeId}. */
export function decodeId(word: string): string | undefined {
  try {
    return decodeURIComponent(word);
  } catch {
    return undefined;
  }
}

/** Splits what a channel carries; undefined: it is not ours. */
export function readReceived(payload: string): ReceivedEvent | undefined {
  const one = payload.indexOf(" ");
  const two = payload.indexOf(" ", one + 1);
  const three = payload.indexOf(" ", two + 1);
  if (one < 1 || two < 0 || three < 0) return undefined;
  const epoch = payload.slice(0, one);
  const place = payload.slice(one + 1, two);
  const isKept = epoch !== "-" && !place.startsWith(">");
  const offset = Number(place.startsWith(">") ? place.slice(1) : place);
  if (!Number.isSafeInteger(offset) || offset < 0) return undefined;
  const id = decodeId(payload.slice(two + 1, three));
  if (id === undefined) return undefined;
  return { epoch: epoch === "-" ? undefined : epoch, offset, isKept, id, json: payload.slice(three + 1) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
