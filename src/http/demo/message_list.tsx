/**
 * What is said, oldest first. It stays at the end while one is at the end, stays in place while older messages are put
 * in front, and asks for those when one scrolls up.
 */
import { useLayoutEffect, useRef, useState } from "react";
import type { RoomView } from "../../client/react.ts";
import { Bubble } from "./bubble.tsx";
import { useReactions } from "./reactions.ts";

const PAGE = 40;
/** Nearer to an edge than this counts as being there. */
const EDGE_PX = 60;

export function MessageList({ view, me }: { view: RoomView; me: string }) {
  const { messages, hasMore, loadHistory, isJoined } = view;
  const list = useRef<HTMLDivElement>(null);
  const fromEnd = useRef(0);
  const [isLoading, setLoading] = useState(false);
  const keys = messages.map((message) => message.message_id ?? message.id);
  const { reactions, toggle } = useReactions(view.room, me);

  useLayoutEffect(() => {
    const box = list.current;
    // What is in front of the reader may grow; the distance to the end is what stays.
    if (box) box.scrollTop = box.scrollHeight - box.clientHeight - (fromEnd.current < EDGE_PX ? 0 : fromEnd.current);
  }, [messages[0], messages.length]);

  const load = async () => {
    setLoading(true);
    await loadHistory(PAGE).catch(() => false);
    setLoading(false);
  };
  const onScroll = () => {
    const box = list.current;
    if (!box) return;
    fromEnd.current = box.scrollHeight - box.clientHeight - box.scrollTop;
    if (box.scrollTop < EDGE_PX && hasMore && isJoined && !isLoading) void load();
  };
  return (
    <div className="messages" ref={list} onScroll={onScroll} role="log" aria-label="Messages" tabIndex={0}>
      {hasMore && messages.length > 0 && (
        <button type="button" className="older" onClick={load} disabled={isLoading || !isJoined}>
          {isLoading ? "Loading …" : "Older messages"}
        </button>
      )}
      {messages.length === 0 && <p className="empty">{isJoined ? "Nobody has said anything yet." : "…"}</p>}
      {messages.map((message, index) => (
        <Bubble
          key={keys[index]}
          message={message}
          isMine={message.user_id === me}
          isFollowing={messages[index - 1]?.user_id === message.user_id}
          reactions={reactions.get(keys[index])}
          me={me}
          onReact={(emoji) => toggle(keys[index], emoji)}
        />
      ))}
    </div>
  );
}
