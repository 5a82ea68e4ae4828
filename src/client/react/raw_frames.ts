/**
 * How each JSON dialect says the four things that `useWebSocket` can say, and which dialect a URL speaks.
 */

export interface Speech {
  authenticate(token: string): object;
  join(room: string): object;
  leave(room: string): object;
  say(text: string, room?: string): object;
}

/** Three dialects differ in words only. */
function speech([join, leave, room, text]: string[]): Speech {
  return {
    authenticate: (token) => ({ type: "authenticate", token }),
    join: (name) => ({ type: join, [room]: name }),
    leave: (name) => ({ type: leave, [room]: name }),
    say: (words, name) => ({ type: "message", [text]: words, [room]: name }),
  };
}

const system = (action: string, field = "room") => (value: string) => ({
  type: "system",
  data: { action, [field]: value },
});

const SPEECHES: Record<string, Speech> = {
  kebab: speech(["join-room", "leave-room", "roomId", "message"]),
  snake: speech(["join_room", "leave_room", "roomId", "content"]),
  plain: speech(["join", "leave", "room", "content"]),
  envelope: {
    authenticate: system("authenticate", "token"),
    join: system("join"),
    leave: system("leave"),
    say: (text, room) => ({ type: "message", room, data: { text } }),
  },
};

/** By `?dialect=`, else by path: `/ws` is kebab, with a token snake, with a room plain. */
export function speechOf({ pathname, search, searchParams }: URL): Speech {
  let name = "plain";
  if (pathname.endsWith("/websocket/connect")) name = "envelope";
  else if (/\/ws\/?$/.test(pathname)) name = /[?&_]token=/.test(search) ? "snake" : "kebab";
  return SPEECHES[searchParams.get("dialect") ?? name];
}
