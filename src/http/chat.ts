/**
 * Messages over REST, in the shapes of one of the dialects: a backend or a user publishes into a room, and reads its
 * history.
 *
 * A user needs the right to join and to publish, as over a WebSocket, and speaks for nobody else; an admin's credential
 * stands for the application's own backend, whose word about sender, id and time is taken.
 */
import * as v from "valibot";
import { networkOf } from "../hub/address.ts";
import type { MessageInput } from "../commands/server_api.ts";
import type { HistoryPage } from "../stores.ts";
import { publishKey } from "../commands/publish.ts";
import type { Config } from "../config/config.ts";
import { ParleyError } from "../errors.ts";
import { bytesOf } from "../hub/frame_size.ts";
import { run } from "../maybe.ts";
import type { Member } from "../message.ts";
import { byteRateOf } from "../hub/rates.ts";
import { TokenBuckets } from "../token_bucket.ts";
import type { Caller } from "./access.ts";
import type { HttpParts } from "./parts.ts";
import { ChatRights } from "./chat_rights.ts";
import {
  described,
  Id,
  IdOrNumber,
  Milliseconds,
  PageSize,
  Position,
  PositionText,
  RoomName,
  UserOrNumber,
} from "./fields.ts";
import { check } from "./input.ts";
import { type Route, route } from "./route.ts";

/** Idempotency of the application's backend: no user can be called so. */
const BACKEND = "*";

/** The furthest from 1970 that a Date can be. */
const MAX_MS = 8.64e15;

/** Of a time that is text not all that is understood is described, only what everybody reads in the same way. */
const DESCRIBED_TIME = {
  anyOf: [
    { type: "number", minimum: -MAX_MS, maximum: MAX_MS },
    {
      type: "string",
      pattern: "^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\\d|2[0-8])T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{3})?Z$",
    },
  ],
};
const TIME_RULE = "must be milliseconds since 1970 or an ISO 8601 time";

const Origin = v.object({
  id: v.optional(v.pipe(IdOrNumber, v.transform(String))),
  timestamp: v.optional(v.pipe(
    v.union([v.number(), v.string()], TIME_RULE),
    described(DESCRIBED_TIME),
    v.transform((time) => new Date(time).getTime()),
    v.check((ms) => Number.isFinite(ms), TIME_RULE),
  )),
  sender_user_id: v.optional(UserOrNumber),
  sender_name: v.optional(Id),
});

/** What an admin says of a message. Of a user it goes nowhere, so it may be anything. */
function adminsWord(name: keyof typeof Origin.entries) {
  const about = v.description("With an admin's credential: published as given");
  return v.optional(v.pipe(v.unknown(), described(Origin.entries[name].wrapped), about));
}

const CONTENTS = {
  content: v.optional(v.string("must be a string")),
  attachments: v.optional(v.unknown()),
  reactions: v.optional(v.unknown()),
  reply_to: v.optional(v.unknown()),
  messageType: v.optional(v.unknown()),
  edited: v.optional(v.unknown()),
  data: v.optional(v.unknown()),
};

const Content = v.pipe(
  v.object({
    ...CONTENTS,
    id: adminsWord("id"),
    timestamp: adminsWord("timestamp"),
    sender_user_id: adminsWord("sender_user_id"),
    sender_name: adminsWord("sender_name"),
  }, "must be an object {content, …}"),
  described({ anyOf: Object.keys(CONTENTS).map((name) => ({ required: [name] })) }),
);

const Published = v.object({
  id: v.string(),
  timestamp: Milliseconds,
  position: v.optional(Position),
  duplicate: v.optional(v.boolean()),
});
const History = v.object({
  messages: v.array(v.looseObject({
    type: v.literal("new_message"),
    id: v.string(),
    roomId: v.string(),
    content: v.optional(v.string()),
    timestamp: Milliseconds,
    position: v.optional(Position),
  })),
  position: v.optional(Position),
  more: v.boolean(),
  recovered: v.optional(v.boolean()),
});

const Headers = v.object({ "idempotency-key": v.optional(Id) });

const PATH = "/api/chat/rooms/{roomId}/messages";
const Params = v.object({ roomId: RoomName });

export function chatRoutes(parts: HttpParts): Route[] {
  return [
    route({
      method: "POST",
      path: PATH,
      needs: "user",
      about: "Publishes a message. An Idempotency-Key header makes a repeat within five minutes harmless",
      params: Params,
      headers: Headers,
      body: Content,
      status: 201,
      answer: Published,
      errors: ["rate_limited"],
      serve: publisher(parts),
    }),
    route({
      method: "GET",
      path: PATH,
      needs: "user",
      about:
        "The history of a room, oldest first: the newest messages, or those next to the position {epoch}:{offset} " +
        "in before or since. more: further on there are others. recovered: false if nothing can be told from that " +
        "position; with since these then are the newest messages",
      params: Params,
      query: v.object({ before: v.optional(PositionText), since: v.optional(PositionText), limit: PageSize(50, 100) }),
      exclusive: ["before", "since"],
      answer: History,
      serve: reader(parts),
    }),
  ];
}

interface Publishing {
  caller: Caller;
  params: v.InferOutput<typeof Params>;
  body: v.InferOutput<typeof Content>;
  headers: v.InferOutput<typeof Headers>;
}

function publisher({ hub, api, chat }: HttpParts) {
  const slowDown = pacer(hub.config);
  const rights = new ChatRights(hub, chat.dialect);
  return async ({ caller, params, body, headers }: Publishing): Promise<v.InferInput<typeof Published>> => {
    const room = params.roomId;
    const given = chat.dataOf(body);
    if (!caller.isAdmin) slowDown(caller, given);
    if (given === undefined) throw new ParleyError("bad_message", 'Cannot read the body: "content" is missing');
    const approved = caller.isAdmin
      ? { data: given, ...originOf(caller, body) }
      : await rights.toPublish(caller, room, given);
    const { data } = approved;
    const message: MessageInput = { ...approved };
    const key = headers["idempotency-key"];
    if (key !== undefined) {
      message.once = {
        sender: caller.identity?.user ?? BACKEND,
        key: publishKey({ target: room, clientId: key, data }),
      };
    }
    const { id, timestamp, position, duplicate } = await run(api.publish(room, message));
    return { id, timestamp, position, ...(duplicate && { duplicate }) };
  };
}

/** Holds a user to the rates of one connection. Throws `rate_limited`. */
function pacer(config: Config): (caller: Caller, data: unknown) => void {
  const { websocketMessageRate: perSecond, websocketMessageBurst: burst } = config;
  const messages = new TokenBuckets({ perSecond, burst });
  const bytes = new TokenBuckets(byteRateOf(config));
  return ({ identity }, data) => {
    const { user } = identity!;
    const size = bytesOf(JSON.stringify(data ?? null));
    const retryAfter = bytes.waitMs(user, size) || messages.take(user) || bytes.take(user, size);
    if (retryAfter > 0) throw new ParleyError("rate_limited", "Cannot publish: too many messages", { retryAfter });
  };
}

/** What the server, or the application's own backend, says of a message; an admin with a token is who that says. */
function originOf({ identity }: Caller, body: Publishing["body"]): Partial<MessageInput> {
  const self: Member | undefined = identity && { connection: "server", user: identity.id, name: identity.name };
  const { id, timestamp, sender_user_id: user, sender_name: name } = check(Origin, body, "body");
  if (user === undefined && name === undefined) return { id, timestamp, from: self };
  return { id, timestamp, from: { connection: "server", user, name: name ?? String(user) } };
}

/** Pages at once before the rate counts, in seconds of it. */
const READ_BURST_S = 5;

interface HistoryRequest {
  caller: Caller;
  params: v.InferOutput<typeof Params>;
  query: { before?: HistoryPage["position"]; since?: HistoryPage["position"]; limit: number };
}

/** Few bytes ask for many, so an address has a rate; the application's own backend has none. */
function reader({ hub, chat }: HttpParts) {
  const { historyReadRate: perSecond } = hub.config;
  const reads = new TokenBuckets({ perSecond, burst: READ_BURST_S * perSecond });
  const rights = new ChatRights(hub, chat.dialect);
  return async ({ caller, params, query }: HistoryRequest): Promise<v.InferInput<typeof History>> => {
    const room = params.roomId;
    if (!caller.isAdmin) {
      const retryAfter = reads.take(networkOf(caller.address));
      if (retryAfter > 0) throw new ParleyError("rate_limited", "Cannot read: too many pages", { retryAfter });
      await rights.toRead(caller, room);
    }
    if (!hub.ruleOf(room).history) return { messages: [], more: false };
    const { before, since, limit } = query;
    const page = await hub.broker.history.read(room, { before, after: since, limit, maxBytes: hub.replyBytes });
    const { messages, position, more, recovered } = page;
    const shown = messages.map((message) => chat.show(message) as v.InferInput<typeof History>["messages"][number]);
    return { messages: shown, position, more, ...((before ?? since) && { recovered }) };
  };
}
