/**
 * Who is in a room, how they are, and who is typing, kept from the join reply and the events after it.
 */
import type { JoinReply, RoomMember, ServerFrame } from "./frames.ts";

interface RosterData extends RoomMember {
  action?: string;
  event?: string;
}

export class RoomRoster {
  members: readonly RoomMember[] = [];
  /** Members of the room, also where the list is shorter. */
  total = 0;
  /** User ids, this client's own included. */
  readonly typing = new Set<string>();

  reset({ members = [], total = members.length }: JoinReply): void {
    this.members = members;
    this.total = total;
    this.typing.clear();
  }

  /** Whether anything changed. */
  receive(frame: ServerFrame): boolean {
    const data = (frame.data ?? {}) as RosterData;
    const { event, user_id } = data;
    // Whatever a client sends as a signal, only the server says who is here.
    const action = frame.type === "room_update" && data.action;
    const others = this.members.filter((member) => member.connection_id !== data.connection_id);
    if (frame.type === "presence") {
      this.members = others.map((member) => member.user_id === user_id ? { ...member, ...data } : member);
    } else if (event === "typing_start") {
      this.typing.add(user_id);
    } else if (action === "member_joined") {
      this.members = [...others, data];
      this.total++;
    } else if (action === "member_left") {
      this.members = others;
      this.total--;
    } else {
      return event === "typing_stop" && this.typing.delete(user_id);
    }
    return true;
  }
}
