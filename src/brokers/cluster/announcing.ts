/**
 * Whether a room announces its joins and leaves: up to a number of members, and once it has had more not before it is
 * down to 80 % of it, so that a room around the bound does not change its mind with every member.
 *
 * The memory store decides by this, the scripts of Redis by the same two numbers.
 */
export const ROOM_ANNOUNCE_MAX = 500;

export interface AnnouncingBounds {
  /** Above so many members a room ceases to announce. */
  max: number;
  /** At so many members, or fewer, it begins again. */
  resume: number;
}

export function announcingBounds(max: number = ROOM_ANNOUNCE_MAX): AnnouncingBounds {
  return { max, resume: Math.floor(max * 0.8) };
}

/** What a room that has announced so far, or has not, does with so many members. */
export function isAnnouncing(before: boolean, members: number, { max, resume }: AnnouncingBounds): boolean {
  return members <= (before ? max : resume);
}
