/**
 * Reactions to messages. They are signals: seen by who is there, gone with a reload, asked of no history.
 */
import { useCallback, useEffect, useState } from "react";
import type { Room } from "../../client/room.ts";

/** Message → emoji → users. */
export type Reactions = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;

interface ReactionData {
  message_id: string;
  emoji: string;
  action: "added" | "removed";
  user_id: string;
}

export function useReactions(room: Room | undefined, me: string) {
  const [reactions, setReactions] = useState<Reactions>(new Map());
  useEffect(() => room?.on("reaction", (data: ReactionData) => setReactions((old) => changed(old, data))), [room]);
  const toggle = useCallback((message_id: string, emoji: string) => {
    const isMine = reactions.get(message_id)?.get(emoji)?.has(me);
    const signal = room?.signal("reaction", { message_id, emoji, action: isMine ? "removed" : "added" });
    // Without a connection nothing happens, and the banner says why.
    signal?.catch(() => undefined);
  }, [room, me, reactions]);
  return { reactions, toggle };
}

function changed(old: Reactions, { message_id, emoji, action, user_id }: ReactionData): Reactions {
  const emojis = new Map(old.get(message_id));
  const users = new Set(emojis.get(emoji));
  if (action === "added") users.add(user_id);
  else users.delete(user_id);
  if (users.size) emojis.set(emoji, users);
  else emojis.delete(emoji);
  return new Map(old).set(message_id, emojis);
}
