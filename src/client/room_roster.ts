/**
 * Who is in a room, how they are, and who is typing, kept from the join reply and the events after it. While the room does
 * not announce who comes and goes, nobody is named, and the total is what the server said last.
 */
import type { JoinReply, RoomMember } from "./frames.ts";

interface RosterData extends RoomMember {
  action?: string;
  event?: string;
  announcing?: boolean;
  members?: readonly RoomMember[];
  total?: number;
}

export class RoomRoster {
  members: readonly RoomMember[] = [];
  /** Members of the room, by the server's word, also where the list is shorter. */
  total = 0;
  /** User ids, this client's own included. */
  readonly typing = new Set<string>();

  reset({ members, total }: JoinReply): void {
    this.members = members;
    this.total = total;
    this.typing.clear();
  }

  /** A frame of the room; whether anything changed. */
  receive(type: string, data: Partial<RosterData>): boolean {
    const { action, event, user_id, connection_id, total, announcing, members = [] } = data;
    if (type === "presence") {
      this.members = this.members.map((member) => member.user_id === user_id ? { ...member, ...data } : member);
    } else if (event === "typing_start") {
      this.typing.add(user_id!);
    } else if (type === "room_update" && total) {
      // Only the server says who is here, whatever a client sends as a signal; and it tells nobody of an empty room.
      // From now on nobody tells who comes and goes, so the list would only grow old.
      if (announcing === false) this.members = [];
      else if (action === "members") this.members = members;
      else {
        this.members = this.members.filter((member) => member.connection_id !== connection_id)
          .concat(action === "member_left" ? [] : data as RoomMember);
      }
      this.total = total;
    } else {
      return event === "typing_stop" && this.typing.delete(user_id!);
    }
    return true;
  }
}
