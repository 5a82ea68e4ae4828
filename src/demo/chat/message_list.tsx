/**
 * What is said, oldest first, grouped by who says it; asks for older messages when one scrolls up. By keyboard it is one
 * stop of Tab: up and down go from message to message, left and right along the bar of one.
 */
import { type FocusEvent, type KeyboardEvent, useCallback, useLayoutEffect, useRef, useState } from "react";
import type { MessageFrame } from "../../client/frames.ts";
import type { RoomView } from "../../client/react.ts";
import { StickyScroll } from "../shared/sticky_scroll.ts";
import { Bubble } from "./bubble.tsx";
import { Icon } from "./icons.tsx";
import { useReactions } from "./reactions.ts";
import { isMine, type Names, type Self, senderOf } from "./who.ts";

const PAGE = 40;
const STEPS: Record<string, number> = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 };
/** After a longer silence the same person is named anew. */
const GROUP_MS = 5 * 60_000;

const idOf = (message: MessageFrame) => message.message_id ?? message.id;

export function MessageList({ view, self, names }: { view: RoomView; self: Self; names: Names }) {
  const { messages, hasMore, loadHistory, isJoined } = view;
  const [isLoading, setLoading] = useState(false);
  const [focused, setFocused] = useState<string>();
  const [open, setOpen] = useState<string>();
  const { reactions, toggle } = useReactions(view.room, self.user);
  const ids = messages.map(idOf);
  const current = focused && ids.includes(focused) ? focused : ids.at(-1);

  const load = async () => {
    setLoading(true);
    await loadHistory(PAGE).catch(() => false);
    setLoading(false);
  };
  const { box, scroll, isAtEnd } = useStickyScroll();
  const onScroll = () => {
    if (scroll.current?.isNearTop && hasMore && isJoined && !isLoading) void load();
  };
  const onFocus = useCallback(({ target }: FocusEvent) => {
    const message = target.closest<HTMLElement>(".message");
    if (message) setFocused(message.dataset.id);
  }, []);
  return (
    <div className="history">
      <div
        className="messages from-end"
        ref={box}
        onScroll={onScroll}
        onFocus={onFocus}
        onKeyDown={moveFocus}
        role="log"
        aria-label="Messages"
        tabIndex={0}
      >
        <div className="stretch">
          {hasMore && messages.length > 0 && (
            <button type="button" className="second older" onClick={load} disabled={isLoading || !isJoined}>
              {isLoading ? "Loading …" : "Older messages"}
            </button>
          )}
          {messages.length === 0 && <Empty isJoined={isJoined} />}
          {messages.map((message, index) => (
            <Bubble
              key={ids[index]}
              id={ids[index]!}
              message={message}
              isMine={isMine(message, self)}
              isFollowing={follows(message, messages[index - 1])}
              reactions={reactions.get(ids[index]!)}
              me={self.user}
              names={names}
              isCurrent={ids[index] === current}
              isOpen={ids[index] === open}
              onOpen={setOpen}
              onReact={toggle}
            />
          ))}
        </div>
      </div>
      {!isAtEnd && (
        <button
          type="button"
          className="icon latest"
          onClick={() => scroll.current?.toEnd()}
          aria-label="To the latest message"
        >
          <Icon name="down" />
        </button>
      )}
    </div>
  );
}

function useStickyScroll() {
  const box = useRef<HTMLDivElement>(null);
  const scroll = useRef<StickyScroll>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  useLayoutEffect(() => {
    const sticky = scroll.current = new StickyScroll(box.current!, setAtEnd);
    return () => sticky.close();
  }, []);
  return { box, scroll, isAtEnd };
}

function Empty({ isJoined }: { isJoined: boolean }) {
  return (
    <p className="empty">
      <Icon name="smile" />
      {isJoined ? "Nobody has said anything yet." : "…"}
    </p>
  );
}

function follows(message: MessageFrame, before: MessageFrame | undefined): boolean {
  return before !== undefined && senderOf(before) === senderOf(message) &&
    message.timestamp - before.timestamp < GROUP_MS;
}

function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const step = STEPS[event.key];
  const from = event.target as HTMLElement;
  const message = from.closest(".message");
  if (!step || !message) return;
  const isAlong = event.key === "ArrowLeft" || event.key === "ArrowRight";
  const places = isAlong ? buttonsOf(message) : [...event.currentTarget.querySelectorAll(".message")];
  const next = places[places.indexOf(isAlong ? from : message) + step];
  if (!next) return;
  event.preventDefault();
  (isAlong ? next as HTMLElement : buttonsOf(next)[0])?.focus();
}

/** The ones that are shown here. */
function buttonsOf(message: Element): HTMLElement[] {
  const buttons = [...message.querySelectorAll<HTMLElement>(".react button")];
  return buttons.filter((button) => button.offsetParent !== null);
}
