/**
 * The bar to react with, right at its bubble: shown to a mouse over the message and to the keyboard; where nothing hovers,
 * behind a button.
 */
import { useRef } from "react";
import { useDismiss } from "./dismiss.ts";
import { Emoji, EMOJIS } from "./emoji.tsx";
import { Icon } from "./icons.tsx";

export interface ReactionBarProps {
  /** Of the message. */
  id: string;
  /** Whether Tab stops here: of all bars it does at one. */
  isCurrent: boolean;
  isOpen: boolean;
  onOpen(id: string | undefined): void;
  onReact(id: string, emoji: string): void;
}

export function ReactionBar({ id, isCurrent, isOpen, onOpen, onReact }: ReactionBarProps) {
  const bar = useRef<HTMLDivElement>(null);
  useDismiss(isOpen, bar, () => onOpen(undefined));
  const react = (emoji: string) => {
    onReact(id, emoji);
    onOpen(undefined);
  };
  return (
    <div className={isOpen ? "react open" : "react"} role="toolbar" aria-label="React" ref={bar}>
      <button
        type="button"
        className="icon"
        tabIndex={isCurrent ? 0 : -1}
        aria-label="React"
        aria-expanded={isOpen}
        onClick={() => onOpen(isOpen ? undefined : id)}
      >
        <Icon name="smile" />
      </button>
      <div className="emojis">
        {EMOJIS.map((emoji, index) => (
          <button
            type="button"
            className="icon"
            key={emoji}
            tabIndex={isCurrent && index === 0 ? 0 : -1}
            aria-label={`React with ${emoji}`}
            onClick={() => react(emoji)}
          >
            <Emoji of={emoji} />
          </button>
        ))}
      </div>
    </div>
  );
}
