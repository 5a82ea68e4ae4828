/**
 * Who is in the open room: some faces, and behind them everybody the server has told of.
 */
import type { RoomView } from "../../client/react.ts";
import type { RoomMember } from "../../client/frames.ts";
import { Avatar } from "./avatar.tsx";
import { Drawer } from "./drawer.tsx";

const FACES = 5;

export interface Crowd {
  /** Two tabs of a user are one person. */
  people: readonly RoomMember[];
  /** How many more there are than the list has; a large room is not listed whole. */
  unlisted: number;
  /** 0 in a room that tells nobody who is in it. */
  all: number;
}

export function crowdOf({ members, total }: RoomView): Crowd {
  const people = [...new Map(members.map((member) => [member.user_id, member])).values()];
  const unlisted = Math.max(0, total - members.length);
  return { people, unlisted, all: people.length + unlisted };
}

export function People({ crowd: { people, unlisted, all }, view }: { crowd: Crowd; view: RoomView }) {
  if (all === 0) return;
  const statusOf = ({ user_id }: RoomMember) => view.presence[user_id]?.status ?? "online";
  const faces = people.slice(0, FACES).map((member) => (
    <Avatar key={member.user_id} id={member.user_id} name={member.name} status={statusOf(member)} />
  ));
  const more = all - faces.length;
  return (
    <Drawer
      className="people"
      label={`In this room: ${all}`}
      title="In this room"
      face={
        <>
          {faces}
          {more > 0 && <span className="more">+{more}</span>}
        </>
      }
    >
      <ul>
        {people.map((member) => (
          <li key={member.user_id}>
            <Avatar id={member.user_id} name={member.name} status={statusOf(member)} />
            <span className="name">{member.name}</span>
          </li>
        ))}
      </ul>
      {unlisted > 0 && <p>{people.length > 0 ? `and ${unlisted} more` : `${unlisted} people`}</p>}
    </Drawer>
  );
}
