/**
 * One message, with its reactions, and beside it the bar to react with.
 */
import { memo } from "react";
import type { MessageFrame } from "../../client/frames.ts";
import { hueOf } from "../shared/people.ts";
import { Avatar } from "./avatar.tsx";
import { Emoji } from "./emoji.tsx";
import { ReactionBar, type ReactionBarProps } from "./reaction_bar.tsx";
import { type Names, senderOf, textOf } from "./who.ts";

export interface BubbleProps extends ReactionBarProps {
  message: MessageFrame;
  isMine: boolean;
  /** Goes on where the one before, by the same person, has stopped. */
  isFollowing: boolean;
  reactions?: ReadonlyMap<string, ReadonlySet<string>>;
  /** User id of who looks at it. */
  me: string;
  names: Names;
}

export const Bubble = memo(function Bubble(props: BubbleProps) {
  const { message, id, isMine, isFollowing, reactions } = props;
  const sender = senderOf(message);
  const name = message.username ?? props.names(sender);
  const at = new Date(message.timestamp);
  const classes = ["message", isMine && "mine", isFollowing && "following"].filter(Boolean).join(" ");
  const isData = message.data?.text === undefined;
  return (
    <article className={classes} aria-label={`${isMine ? "You" : name}, ${at.toLocaleTimeString()}`} data-id={id}>
      {!isMine && <span className="face">{!isFollowing && <Avatar id={sender} name={name} />}</span>}
      <div className="body">
        {!isFollowing && (
          <p className="head">
            {!isMine && <strong className={`by hued ${hueOf(sender)}`}>{name}</strong>}
            <time dateTime={at.toISOString()} title={at.toLocaleString()}>
              {at.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" })}
            </time>
          </p>
        )}
        <div className="line">
          <p className={`bubble${isMine ? " mine" : ""}${isData ? " data" : ""}`}>{textOf(message)}</p>
          <ReactionBar {...props} />
        </div>
        {reactions && reactions.size > 0 && <Reactions {...props} reactions={reactions} />}
      </div>
    </article>
  );
});

function Reactions(
  { id, reactions, me, names, onReact }: BubbleProps & Required<Pick<BubbleProps, "reactions">>,
) {
  return (
    <p className="reactions">
      {[...reactions].map(([emoji, users]) => (
        <button
          type="button"
          key={emoji}
          aria-pressed={users.has(me)}
          aria-label={`${emoji} ${users.size}`}
          title={[...users].map(names).join(", ")}
          onClick={() => onReact(id, emoji)}
        >
          <Emoji of={emoji} /> {users.size}
        </button>
      ))}
    </p>
  );
}
