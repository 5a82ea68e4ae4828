/**
 * How a connection comes into a room and out of it. Nothing else may add a member or remove one, whoever asks for it.
 *
 * Subtle, each with a test of its own:
 * - Join with recovery: events are held for the joiner before anything waits (a promise's continuation runs after the
 *   rest of its batch), and nothing waits between the reply and `room.add`, so the reply, the held events and live
 *   delivery follow each other without a gap and without a double.
 * - Subscribe and unsubscribe of one room are chained in Room, so "last leaves, next joins" cannot arrive reversed.
 * - Leaving on close goes through the broker, never through the closing socket's own publish.
 */
import type { Occupancy } from "../broker.ts";
import type { Connection } from "./connection.ts";
import { ParleyError } from "../errors.ts";
import type { Hub } from "./hub.ts";
import { fitRoster } from "./frame_size.ts";
import { after, both, isPromise, type MaybePromise, run, type Steps, wait } from "../maybe.ts";
import type { Member, MessageEvent, ReplyBody, Roster, StreamPosition } from "../message.ts";
import { termsOf } from "../policy.ts";
import type { Joiner, Room } from "./room.ts";

/** How many messages a join replays at most. */
const REPLAY_LIMIT = 300;

/** What a join is answered with. */
export type Joined = Extract<ReplyBody, { kind: "joined" }>;

/**
 * Joins and answers; joining again is answered like the first time and told to nobody.
 * Throws ParleyError `unauthorized`, `forbidden` (too many rooms, too), `room_full` or `unavailable`.
 */
export function* join(hub: Hub, connection: Connection, request: JoinRequest): Steps<void> {
  const { room: name, since, ref } = request;
  hub.checkUnsent(connection, `join room "${name}"`);
  const known = hub.rooms.get(name);
  if (known && connection.isIn(name)) {
    const again = yield* answer(hub, connection, { room: known, since, ref });
    // It may have been removed meanwhile; then it joins like anybody else.
    if (connection.isIn(name)) return hub.reply(connection, again, ref);
  }
  checkRoomCount(hub, connection, name);
  const { version } = hub.rules;
  const terms = termsOf(yield* wait(hub.policies.join(connection, name, { since })), { room: name });
  checkOpen(connection);
  const room = hub.room(name);
  const joiner = room.startHolding(connection);
  let retained = false;
  try {
    yield* wait(room.retain());
    retained = true;
    checkOpen(connection);
    room.setTerms(connection, terms);
    const occupancy = yield* enter(hub, connection, room);
    checkOpen(connection);
    const joined = yield* answer(hub, connection, { room, since, ref, occupancy });
    checkOpen(connection);
    if (joiner.overflowed) {
      throw new ParleyError("unavailable", `Cannot join room "${name}": it is too busy to catch up`, { room: name });
    }
    // A connection is held to new rules in the rooms it is in, which this one is not yet.
    if (hub.rules.version !== version) termsOf(hub.rules.join(connection, name), { room: name });
    hub.reply(connection, joined, ref);
    room.add(connection);
    hub.views.joined(room, joined.roster.announcing);
    catchUp(connection, joiner, joined.position);
  } catch (error) {
    room.remove(connection);
    if (retained) giveUp(hub, room, connection);
    throw error;
  } finally {
    room.stopHolding(joiner);
  }
}

/** Joins the room of the URL, if there is one; what fails is answered. */
export function* joinPathRoom(hub: Hub, connection: Connection): Steps<void> {
  const { pathRoom: room } = connection;
  if (room === undefined || !connection.isOpen) return;
  try {
    yield* join(hub, connection, { room });
  } catch (error) {
    if (connection.isOpen) hub.replyError(connection, error, { kind: "join", room });
  }
}

export interface JoinRequest {
  room: string;
  since?: StreamPosition;
  ref?: unknown;
}

function checkRoomCount(hub: Hub, connection: Connection, name: string): void {
  const limit = hub.config.websocketMaxRooms;
  if (limit === 0) return;
  const joined = connection.rooms.reduce((count, room) => count + (room.kind === "custom" ? 1 : 0), 0);
  if (joined >= limit) {
    throw new ParleyError("forbidden", `Cannot join room "${name}": a connection can be in at most ${limit} rooms`, {
      room: name,
    });
  }
}

/** After every wait, for it may have closed meanwhile. What was begun for it has to be undone where this is caught. */
function checkOpen(connection: Connection): void {
  if (!connection.isOpen) throw new ParleyError("not_found", "Cannot come in: the connection has closed");
}

interface JoinQuestion {
  room: Room;
  since?: StreamPosition;
  /** With which it will be answered. */
  ref?: unknown;
  /** What entering has just told of the room's totals. */
  occupancy?: Occupancy;
}

/** Roster and history of a room, as a join tells them. */
function* answer(hub: Hub, connection: Connection, { room, since, ref, occupancy }: JoinQuestion): Steps<Joined> {
  const { name, rule } = room;
  const told = { kind: "joined" as const, room: name, self: room.memberOf(connection) };
  const reading = run(rosterOf(hub, connection, { room, occupancy }));
  if (!rule.history) return { ...told, roster: yield* wait(reading) };
  const query = { limit: since ? REPLAY_LIMIT : 0, maxBytes: hub.replyBytes, since };
  const [roster, page] = yield* wait(both(reading, hub.broker.history.read(name, query)));
  const joined = { ...told, roster, position: page.position };
  if (!since) return joined;
  const { messages, recovered } = page;
  return fit({ ...joined, messages, recovered }, (reply) => hub.sizeOfReply(connection, reply, ref) <= hub.replyBytes);
}

/** Who is in the room; nobody is named where presence is off, or while the room does not announce. */
function* rosterOf(
  hub: Hub,
  connection: Connection,
  { room: { name, rule }, occupancy }: Pick<JoinQuestion, "room" | "occupancy">,
): Steps<Roster> {
  if (!rule.presence) return { list: [], members: 0, users: 0, announcing: false };
  const { presence } = hub.broker;
  // Naming hundreds of members only to leave them out would be most of the cost of a join.
  const counts = occupancy ?? (yield* wait(presence.roster(name, 0)));
  if (!counts.announcing) return { list: [], members: counts.members, users: counts.users, announcing: false };
  const roster = yield* wait(presence.roster(name, hub.config.roomAnnounceMax));
  return roster.announcing ? fitRoster(roster, connection.dialect, hub.maxBufferedBytes) : { ...roster, list: [] };
}

/** The reply if it is not too long as it will be sent; otherwise with the newest messages that fit, and not recovered. */
function fit(reply: Joined & { messages: MessageEvent[] }, isShort: (reply: Joined) => boolean): Joined {
  if (isShort(reply)) return reply;
  const { messages } = reply;
  const from = (first: number): Joined => ({ ...reply, messages: messages.slice(first), recovered: false });
  let [tooMany, enough] = [0, messages.length];
  while (enough - tooMany > 1) {
    const middle = (tooMany + enough) >> 1;
    if (isShort(from(middle))) enough = middle;
    else tooMany = middle;
  }
  return from(enough);
}

/** What happened while the joiner waited, except what its reply already covers. */
function catchUp(connection: Connection, joiner: Joiner, position: StreamPosition | undefined): void {
  for (const { event, except, only } of joiner.held) {
    if (except === connection.id || (only !== undefined && only !== connection.dialect.name)) continue;
    const told = event.kind === "message" && event.position && position && event.position.epoch === position.epoch &&
      event.position.offset <= position.offset;
    if (!told) connection.tell(event);
  }
}

/**
 * Into rooms that only the server joins: no policy is asked, nothing is answered or announced. All are entered before the
 * first event of any of them can arrive, so what the caller sends next in this turn comes first. Two of these must not
 * overlap for one connection: see Hub.perUser.
 * Throws `room_full` if the user has too many connections, `unavailable`.
 */
export function* joinReserved(hub: Hub, connection: Connection, names: string[]): Steps<void> {
  const retained: Room[] = [];
  try {
    for (const name of names) {
      if (connection.isIn(name)) continue;
      // Asked for only now: a room that nobody needs is gone after any wait.
      const room = hub.room(name);
      yield* wait(room.retain());
      retained.push(room);
      checkOpen(connection);
      if (room.kind !== "presence") yield* enter(hub, connection, room);
      checkOpen(connection);
    }
  } catch (error) {
    for (const room of retained) giveUp(hub, room, connection);
    throw error;
  }
  for (const room of retained) room.add(connection);
}

function* enter(hub: Hub, connection: Connection, room: Room): Steps<Occupancy> {
  const { config, broker } = hub;
  const limit = room.kind === "personal"
    ? config.websocketMaxConnectionsPerUser
    : room.rule.maxMembers || config.websocketMaxMembers;
  const member = room.presented(connection);
  return yield* wait(broker.presence.enter(room.name, member, room.kind === "group" ? 0 : limit));
}

/** Out of a room, in this turn; the others are told by the broker. Who it was there; undefined: it was not a member. */
export function leave(hub: Hub, connection: Connection, name: string): MaybePromise<Member | undefined> {
  const room = hub.rooms.get(name);
  const member = room?.memberOf(connection);
  if (!room?.remove(connection)) return undefined;
  if (hub.typing.stop(connection, name)) tellTypingStopped(hub, member!, name);
  return after(vacate(hub, room, connection), () => member);
}

/** Out of all rooms, when the connection has closed; its personal room comes last, with it the user is gone. */
export function leaveAll(hub: Hub, connection: Connection): MaybePromise<void> {
  if (connection.rooms.length === 0) return;
  const left: Promise<unknown>[] = [];
  const rooms = [...connection.rooms].sort((a, b) => Number(a.kind === "personal") - Number(b.kind === "personal"));
  for (const { name } of rooms) {
    const done = leave(hub, connection, name);
    if (isPromise(done)) left.push(done);
  }
  if (left.length > 0) return Promise.all(left).then(() => undefined);
}

/** Takes the connection out at the broker, and this node's interest in the room if it was the last one. */
function vacate(hub: Hub, room: Room, connection: Connection): MaybePromise<void> {
  const left = room.kind === "presence" ? undefined : hub.broker.presence.leave(room.name, connection.id);
  return after(left, () => room.release());
}

/** The same for a room it has not become a member of; nobody waits for it. */
function giveUp(hub: Hub, room: Room, connection: Connection): void {
  const vacated = vacate(hub, room, connection);
  if (isPromise(vacated)) vacated.catch((error) => hub.log.warn("leaving a room failed", { room: room.name, error }));
}

/** Takes a typing signal back, if there was one. */
export function stopTyping(hub: Hub, connection: Connection, room: string): void {
  if (!hub.typing.stop(connection, room)) return;
  tellTypingStopped(hub, connection.memberIn(room), room);
}

/** Tells the others in the room; a broker that is away makes it a lost signal, which signals may be. */
export function tellTypingStopped(hub: Hub, from: Member, room: string): void {
  const event = {
    kind: "signal" as const,
    ...hub.stamp(),
    room,
    from,
    signal: { type: "typing" as const, active: false },
  };
  const lost = (error: unknown) => hub.log.debug("a typing stop was lost", { room, error });
  try {
    const published = hub.broker.publish({ room, event, except: from.connection });
    if (isPromise(published)) published.catch(lost);
  } catch (error) {
    lost(error);
  }
}
