/**
 * Admin routes that look: which connections and rooms the cluster has, and who is in a room.
 */
import * as v from "valibot";
import type { ConnectionInfo, Directory, PresenceStore, RoomInfo } from "../broker.ts";
import { ParleyError } from "../errors.ts";
import type { Roster } from "../message.ts";
import { typeOfRoom } from "../room_name.ts";
import type { HttpParts } from "./parts.ts";
import { Count, Id, PageSize, RoomName, RoomType, Time, User } from "./fields.ts";
import { type Route, route } from "./route.ts";

/** A room names at most so many of its members. */
const ROSTER_LIMIT = 500;

const Connection = v.object({
  id: v.string(),
  user_id: v.string(),
  name: v.string(),
  dialect: v.string(),
  rooms: v.array(v.string()),
  created_at: Time,
  ip: v.string(),
  node: v.string(),
});
const Connections = v.object({ connections: v.array(Connection), total: Count, cursor: v.optional(v.string()) });

const Room = v.object({ id: v.string(), type: RoomType, name: v.string(), member_count: Count });
const Rooms = v.object({ rooms: v.array(Room), total: Count, cursor: v.optional(v.string()) });
const Members = v.array(
  v.object({ connection_id: v.string(), user_id: v.string(), name: v.string(), status: v.optional(v.string()) }),
);
const RoomWithMembers = v.object({ ...Room.entries, members: Members });

const Page = { cursor: v.optional(v.string()), limit: PageSize(100, 1000) };
const ByConnection = v.object({ id: Id });
const ByRoom = v.object({ id: RoomName });

export function directoryRoutes({ hub }: HttpParts): Route[] {
  return [...connectionRoutes(hub.cluster), ...roomRoutes(hub.cluster, hub.broker.presence)];
}

function connectionRoutes(directory: Directory): Route[] {
  return [
    route({
      method: "GET",
      path: "/websocket/connections",
      needs: "admin",
      about: "Connections of the cluster, by id; of one user, or in one room",
      query: v.object({ user_id: v.optional(User), room_id: v.optional(RoomName), ...Page }),
      answer: Connections,
      serve: async ({ query: { user_id: user, room_id: room, cursor, limit } }) => {
        const page = await directory.connections({ user, room, cursor, limit });
        return { connections: page.items.map(connectionOf), total: page.total, cursor: page.cursor };
      },
    }),
    route({
      method: "GET",
      path: "/websocket/connections/{id}",
      needs: "admin",
      about: "One connection",
      params: ByConnection,
      answer: Connection,
      errors: ["not_found"],
      serve: async ({ params: { id } }) => {
        const { items: [found] } = await directory.connections({ id, limit: 1 });
        if (!found) throw new ParleyError("not_found", `Cannot find connection "${id}": it is not here`);
        return connectionOf(found);
      },
    }),
  ];
}

function roomRoutes(directory: Directory, presence: PresenceStore): Route[] {
  return [
    route({
      method: "GET",
      path: "/websocket/rooms",
      needs: "admin",
      about: "Rooms of the cluster that have members, by id; of one type, or of one user or connection",
      query: v.object({ type: v.optional(RoomType), member_id: v.optional(User), ...Page }),
      answer: Rooms,
      serve: async ({ query: { type, member_id: member, cursor, limit } }) => {
        const page = await directory.rooms({ type, member, cursor, limit });
        return { rooms: page.items.map(roomOf), total: page.total, cursor: page.cursor };
      },
    }),
    route({
      method: "GET",
      path: "/websocket/rooms/{id}",
      needs: "admin",
      about: `One room and its members, at most ${ROSTER_LIMIT} of them`,
      params: ByRoom,
      answer: RoomWithMembers,
      errors: ["not_found"],
      serve: async ({ params: { id } }) => {
        const type = typeOfRoom(id);
        const roster = type === "presence" ? undefined : await presence.roster(id, ROSTER_LIMIT);
        if (type === "presence" || !roster?.members) {
          throw new ParleyError("not_found", `Cannot find room "${id}": nobody is in it`);
        }
        return { ...roomOf({ id, type, members: roster.members }), members: membersOf(roster) };
      },
    }),
  ];
}

function connectionOf(info: ConnectionInfo): v.InferInput<typeof Connection> {
  const { id, user, name, dialect, rooms, createdAt, ip, node } = info;
  return {
    id,
    user_id: String(user ?? id),
    name,
    dialect,
    rooms,
    created_at: new Date(createdAt).toISOString(),
    ip,
    node,
  };
}

function roomOf({ id, type, members }: RoomInfo): v.InferInput<typeof Room> {
  const name = type === "custom" ? id : id.slice(id.indexOf(":") + 1);
  return { id, type, name, member_count: members };
}

function membersOf({ list }: Roster): v.InferInput<typeof Members> {
  return list.map(({ connection, user, name, status }) => {
    return { connection_id: connection, user_id: String(user ?? connection), name, status };
  });
}
