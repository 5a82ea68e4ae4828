/**
 * A dialect that no client speaks: `sub` and `pub` with a `channel`. It shows what a dialect has to say of itself to be
 * spoken: it is this file, and its family in the list of the dialects.
 *
 * It has a path of its own, with a setting for it, is told from the others by its frames where it shares a path, refuses
 * by an accepted connection that it closes with codes of its own, and has a route.
 */
import { text, type ValuesOf } from "../src/config/kinds.ts";
import type { Dialect, DialectServices, Greeting, ProtocolRoute } from "../src/dialect.ts";
import { compose, jsonDataOf, textOf } from "../src/dialects/content.ts";
import type { DialectContext, DialectFamily } from "../src/dialects/family.ts";
import * as field from "../src/dialects/fields.ts";
import {
  decoder,
  type FrameReader,
  type JsonObject,
  on,
  readAuthenticate,
  shortString,
} from "../src/dialects/frame.ts";
import { reserving } from "../src/dialects/reserved.ts";
import { serverFrame, shownRoom, toJson, userKeyOf } from "../src/dialects/shapes.ts";
import { CLOSE } from "../src/errors.ts";
import type { Frame, MessageEvent, Reply, RoomEvent } from "../src/message.ts";

const SETTINGS = {
  pubsubPath: text("PUBSUB_PATH", "/pubsub", "where pubsub connects", { placeholder: "PATH" }),
};

const OWN_TYPES = "hello subbed unsubbed pubbed authenticated pong fault msg count notice";

// ---- decode ----

const inChannel = { channel: field.RoomName };

const FRAMES: Record<string, FrameReader> = {
  sub: on({ ...inChannel, since: field.Position }, ({ channel, since }) => ({ kind: "join", room: channel, since })),
  unsub: on(inChannel, ({ channel }) => ({ kind: "leave", room: channel })),
  pub: on({ ...inChannel, text: field.OptionalText, id: field.ClientId }, ({ channel, text, id }, { data }) => {
    return { kind: "publish", target: { room: channel }, data: compose(text, data), clientId: id, echo: true };
  }),
  authenticate: readAuthenticate,
  ping: () => ({ kind: "ping" }),
};

function readRef(fields: JsonObject, type: string) {
  return { type, room: shortString(fields.channel), clientId: shortString(fields.id) };
}

// ---- encode ----

function greet({ self, timestamp }: Greeting): Frame {
  return toJson({ type: "hello", you: userKeyOf(self), timestamp });
}

function encodeReply(reply: Reply): Frame[] {
  switch (reply.kind) {
    case "joined": {
      const { room: channel, roster, position, recovered } = reply;
      const messages = reply.messages?.map(messageFields);
      return [toJson({ type: "subbed", channel, total: roster.members, position, recovered, messages })];
    }
    case "left":
      return [toJson({ type: "unsubbed", channel: reply.room, reason: reply.reason })];
    case "ack":
      return reply.clientId === undefined ? [] : [toJson({ type: "pubbed", id: reply.clientId, as: reply.messageId })];
    case "authenticated":
      return [toJson({ type: "authenticated", you: reply.identity.id })];
    case "pong":
      return [toJson({ type: "pong" })];
    case "error": {
      const { code, message, retryAfter, reason, room: channel, clientId: id } = reply;
      return [toJson({ type: "fault", code, message, retryAfter, reason, channel, id })];
    }
    default:
      return [];
  }
}

function encodeEvent(event: RoomEvent): Frame[] {
  switch (event.kind) {
    case "message":
      return [toJson(messageFields(event))];
    case "join":
    case "leave":
      return [toJson({ type: "count", channel: event.room, total: event.members })];
    case "server":
      return [toJson(serverFrame(event, { channel: shownRoom(event) }))];
    case "notice":
      return [toJson({ type: "notice", message: event.message })];
    default:
      return [];
  }
}

function messageFields(event: MessageEvent): JsonObject {
  const data = jsonDataOf(event);
  const { id, from, timestamp, position } = event;
  const head = { type: "msg", id, channel: shownRoom(event), by: userKeyOf(from), timestamp, position };
  return { ...head, text: textOf(data), data };
}

// ---- what it declares ----

/** Of the codes that only its clients know, two. */
function closeCode(code: number, reason: string): number {
  if (code === CLOSE.goingAway) return 4200;
  return reason === "origin" ? 4009 : code;
}

/** A signed body is not the server's to look at first: that is why the route is the protocol's own. */
function routes(path: string, { publish }: DialectServices): ProtocolRoute[] {
  return [{
    method: "POST",
    path: `${path}/channels/{channel}`,
    serve: async ({ request, params }) => {
      const body = await request.text();
      if (request.headers.get("x-length") !== String(body.length)) {
        return new Response("bad signature", { status: 401 });
      }
      return Response.json(await publish(decodeURIComponent(params.channel!), { text: body }), { status: 202 });
    },
  }];
}

function createPubsub({ config }: DialectContext<typeof SETTINGS>): Dialect {
  const path = config.basePath + config.pubsubPath;
  return {
    name: "pubsub",
    endpoints: [{ path }, { path: `${path}/{room}` }, { path: `${config.paths.ws}/` }],
    refusal: "close",
    greet,
    decode: decoder(FRAMES, readRef),
    encodeReply,
    encodeEvent,
    closeCode,
    isShownBy: ({ type }) => type === "sub" || type === "unsub" || type === "pub",
    routes: (services) => routes(path, services),
  };
}

export const pubsubFamily: DialectFamily<typeof SETTINGS> = {
  name: "pubsub",
  settings: SETTINGS,
  reserved: reserving(...OWN_TYPES.split(" ")),
  dialects: (given) => [createPubsub(given)],
};

export type PubsubSettings = Partial<ValuesOf<typeof SETTINGS>>;
