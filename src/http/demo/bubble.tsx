/**
 * One message, with its reactions.
 */
import { memo } from "react";
import type { MessageFrame } from "../../client/frames.ts";
import { Avatar } from "./avatar.tsx";

const EMOJIS = ["👍", "❤️", "😂", "🎉"];

export interface BubbleProps {
  message: MessageFrame;
  isMine: boolean;
  /** The one before is by the same person. */
  isFollowing: boolean;
  reactions?: ReadonlyMap<string, ReadonlySet<string>>;
  me: string;
  onReact(emoji: string): void;
}

export const Bubble = memo(function Bubble({ message, isMine, isFollowing, reactions, me, onReact }: BubbleProps) {
  const name = message.username ?? "somebody";
  const at = new Date(message.timestamp);
  const classes = ["message", isMine && "mine", isFollowing && "following"].filter(Boolean).join(" ");
  return (
    <article className={classes} aria-label={`${name}, ${at.toLocaleTimeString()}`}>
      {!isMine && !isFollowing && <Avatar name={name} />}
      <div className="body">
        {!isFollowing && (
          <p className="by">
            <strong>{isMine ? "You" : name}</strong>
            <time dateTime={at.toISOString()}>
              {at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}
            </time>
          </p>
        )}
        <p className="text">{message.data.text ?? JSON.stringify(message.data)}</p>
        {reactions && reactions.size > 0 && (
          <p className="reactions">
            {[...reactions].map(([emoji, users]) => (
              <button
                type="button"
                key={emoji}
                aria-pressed={users.has(me)}
                aria-label={`${emoji}, ${users.size}`}
                title={[...users].join(", ")}
                onClick={() => onReact(emoji)}
              >
                {emoji} {users.size}
              </button>
            ))}
          </p>
        )}
      </div>
      <div className="react" role="group" aria-label="React">
        {EMOJIS.map((emoji) => (
          <button
            type="button"
            key={emoji}
            onClick={() => onReact(emoji)}
            aria-label={`React with ${emoji}`}
          >
            {emoji}
          </button>
        ))}
      </div>
    </article>
  );
});
