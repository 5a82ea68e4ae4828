/**
 * Says when the connection is away and when it comes back; silent while all is well.
 */
import { useEffect, useState } from "react";
import { useWebSocketStatus } from "../../client/react.ts";

const ENDED: Record<string, string> = {
  kicked: "You were removed by a moderator.",
  refused: "The server refused the login.",
  token_expired: "Your login has expired.",
};

export function Banner() {
  const { connectionState, reason, retryAt, connect } = useWebSocketStatus();
  const seconds = useSecondsUntil(retryAt);
  if (connectionState === "open" || connectionState === "idle") return <div role="status" />;
  const isEnded = connectionState === "closed";
  return (
    <div role="status" className={isEnded ? "banner ended" : "banner"}>
      <span>{words(connectionState, reason, seconds)}</span>
      {connectionState !== "connecting" && <button type="button" onClick={connect}>Try now</button>}
    </div>
  );
}

function words(state: string, reason: string | undefined, seconds: number | undefined): string {
  if (state === "connecting") return "Connecting …";
  if (state === "closed") return ENDED[reason ?? ""] ?? "Disconnected.";
  if (reason === "offline") return "You are offline. Messages will be sent when you are back.";
  return seconds ? `Connection lost. Next try in ${seconds} s.` : "Connection lost. Reconnecting …";
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
