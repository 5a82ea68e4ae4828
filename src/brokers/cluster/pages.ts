/** Pages of the directory: cuts a list that is here as a whole, and joins what several nodes answer into one. */
import type { Page, RoomInfo } from "../../broker.ts";

interface Listed {
  id: string;
}

export interface Cut {
  cursor?: string;
  limit: number;
}

/** The page after the cursor; `all` in any order. */
export function pageOf<T extends Listed>(all: T[], { cursor, limit }: Cut): Page<T> {
  const rest = all.filter(({ id }) => cursor === undefined || id > cursor);
  return cut(rest, { total: all.length, limit });
}

/** One page of pages that were each cut with the same cursor and limit, and have no item in common. */
export function mergePages<T extends Listed>(pages: Page<T>[], limit: number): Page<T> {
  const total = pages.reduce((sum, page) => sum + page.total, 0);
  const page = cut(pages.flatMap(({ items }) => items), { total, limit });
  // An item that did not fit into a node's own page is behind everything of this one.
  if (!page.cursor && pages.some(({ cursor }) => cursor !== undefined)) page.cursor = page.items.at(-1)?.id;
  return page;
}

/** The rooms that nodes have named, each with its members on all of them. */
export function addUpRooms(answers: RoomInfo[][]): RoomInfo[] {
  const rooms = new Map<string, RoomInfo>();
  for (const room of answers.flat()) {
    rooms.set(room.id, { ...room, members: room.members + (rooms.get(room.id)?.members ?? 0) });
  }
  return [...rooms.values()];
}

function cut<T extends Listed>(items: T[], { total, limit }: { total: number; limit: number }): Page<T> {
  items.sort((one, other) => one.id < other.id ? -1 : one.id > other.id ? 1 : 0);
  if (items.length <= limit) return { items, total };
  const kept = items.slice(0, limit);
  return { items: kept, total, cursor: kept.at(-1)?.id };
}
