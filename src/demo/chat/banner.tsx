/**
 * Says why there is no connection and when the next try is; silent while all is well. The first sentence is for everybody,
 * the second is what the client, or the server through it, says of this very case.
 */
import { useEffect, useState } from "react";
import { useWebSocketStatus } from "../../client/react.ts";

const SENTENCES: Record<string, string> = {
  backend: "The server's backend does not let you in.",
  blocked: "A moderator keeps you out.",
  broker: "The server is out of order.",
  closed: "Disconnected.",
  connect_failed: "You could not be logged in.",
  disconnected: "Connection lost.",
  draining: "The server is about to restart.",
  full: "The server is full.",
  kicked: "A moderator has removed you.",
  offline: "You are offline. Messages will be sent when you are back.",
  origin: "Pages from this address may not connect.",
  rate: "There were too many tries from here.",
  refused: "The server does not let you in.",
  room_full: "You are connected too often.",
  token_expired: "Your login has expired.",
  unauthorized: "The server does not accept your login.",
  unreachable: "The server cannot be reached.",
};

/** Nothing more is known of them. */
const COMPLETE = ["closed", "disconnected", "kicked", "offline"];

export function Banner() {
  const { connectionState, reason, error, retryAt, connect } = useWebSocketStatus();
  if (connectionState === "open" || connectionState === "idle") return <div role="status" />;
  if (connectionState === "connecting") return <div role="status" className="banner">Connecting …</div>;
  const { sentence, detail } = wordsFor(reason, error?.message);
  return (
    <div role="status" className={connectionState === "closed" ? "banner ended" : "banner"}>
      <p>
        <span>{sentence}</span> {connectionState === "reconnecting" && reason !== "offline" && <NextTry at={retryAt} />}
        {detail && <small>{detail}</small>}
      </p>
      <button type="button" onClick={connect}>Try now</button>
    </div>
  );
}

function wordsFor(reason = "disconnected", message?: string): { sentence?: string; detail?: string } {
  const sentence = SENTENCES[reason];
  if (!sentence) return { sentence: message };
  return { sentence, detail: COMPLETE.includes(reason) ? undefined : message };
}

/** Not for screen readers, which would read out every second of it. */
function NextTry({ at }: { at?: number }) {
  const seconds = useSecondsUntil(at);
  return <span aria-hidden="true">{seconds ? `Next try in ${seconds} s.` : "Trying …"}</span>;
}

function useSecondsUntil(at: number | undefined): number | undefined {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!at) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [at]);
  return at && Math.max(0, Math.ceil((at - now) / 1000));
}
