/**
 * Where one writes. What is sent without a connection waits in the client; what the server refuses comes back into view.
 */
import { type FormEvent, type KeyboardEvent, useState } from "react";
import type { RoomView } from "../../client/react.ts";
import { Icon } from "./icons.tsx";

interface Pending {
  key: number;
  text: string;
  problem?: string;
}

const PROBLEMS: Record<string, string> = {
  forbidden: "You may not write here",
  not_joined: "You are not in this room",
  rate_limited: "Too fast",
  too_large: "Too long",
  timeout: "No answer",
  unavailable: "The server is busy",
};

let keys = 0;

export function Composer({ view, roomName }: { view: RoomView; roomName: string }) {
  const { sendToRoom, sendTyping } = view;
  const [text, setText] = useState("");
  const [pending, setPending] = useState<Pending[]>([]);
  const forget = (key: number) => setPending((list) => list.filter((item) => item.key !== key));

  const send = (words: string) => {
    const key = ++keys;
    setPending((list) => [...list, { key, text: words }]);
    sendToRoom(words).then(
      () => forget(key),
      ({ code }) => setPending((list) => list.map((item) => item.key === key ? { ...item, problem: code } : item)),
    );
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim()) send(text.trim());
    setText("");
    sendTyping(false);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) submit(event);
  };
  return (
    <div className="composer">
      <ul className="pending" aria-label="Not sent yet">
        {pending.map(({ key, text, problem }) => (
          <li key={key} className={problem && "refused"}>
            <p className="bubble">{text}</p>
            {problem
              ? (
                <p className="problem" role="alert">
                  {PROBLEMS[problem] ?? problem}
                  <button
                    type="button"
                    onClick={() => {
                      forget(key);
                      send(text);
                    }}
                  >
                    Try again
                  </button>
                  <button type="button" onClick={() => forget(key)}>Discard</button>
                </p>
              )
              : <em>sending …</em>}
          </li>
        ))}
      </ul>
      <form onSubmit={submit}>
        <label className="quiet" htmlFor="message">Message to {roomName}</label>
        <textarea
          id="message"
          className="field"
          rows={1}
          value={text}
          placeholder={`Message #${roomName}`}
          // On a phone a keyboard would come up with it.
          autoFocus={matchMedia("(hover: hover)").matches}
          onKeyDown={onKeyDown}
          onChange={(event) => {
            setText(event.currentTarget.value);
            sendTyping(event.currentTarget.value !== "");
          }}
        />
        <button type="submit" className="primary" aria-label="Send" disabled={!text.trim()}>
          <Icon name="send" />
        </button>
      </form>
    </div>
  );
}
