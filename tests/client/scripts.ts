/**
 * What two users say to a server, step by step, as frames. Whoever runs a script records what each of them hears.
 */
export type Speaker = "ann" | "bob";
export type Frame = Record<string, unknown>;
/** A frame that somebody says, or who comes and goes; a frame may need what was heard before. */
export type Step = [Speaker, Frame | "comes" | "goes" | ((heard: Frame[]) => Frame)];

const system = (action: string, fields: object = {}) => ({ type: "system", id: action, data: { action, ...fields } });
const join = system("join", { room: "lobby" });
const say = (id: string | undefined, text: string, more: object = {}) => {
  return { type: "message", id, room: "lobby", data: { text }, ...more };
};

const BOTH: Step[] = [["ann", "comes"], ["ann", join], ["bob", "comes"], ["bob", join]];

/** A join with the position of the first message that was heard. */
const rejoin = (heard: Frame[]): Frame => {
  const since = heard.find(({ type }) => type === "message")?.position;
  return system("join", { room: "lobby", since });
};

export const SCRIPTS: Record<string, Step[]> = {
  "greeting, joins and leaves": [
    ...BOTH,
    ["ann", join],
    ["ann", system("members", { room: "lobby" })],
    ["bob", system("leave", { room: "lobby" })],
    ["bob", system("leave", { room: "lobby" })],
    ["bob", join],
    ["bob", "goes"],
    ["ann", { ...join, id: undefined }],
    ["ann", { type: "heartbeat", id: "alive" }],
    ["ann", system("ping")],
  ],
  "messages and the ack rule": [
    ...BOTH,
    ["ann", say("m1", "hello")],
    ["ann", say("m1", "hello")],
    ["ann", say("m1", "another")],
    ["ann", say("m2", "quiet", { echo: false })],
    ["ann", say(undefined, "without an id")],
    ["ann", say(undefined, "unheard", { echo: false })],
    ["ann", { type: "message", id: "m3", to: "bob", data: { text: "psst" } }],
    ["ann", { type: "message", id: "m3", to: "bob", data: { text: "psst" } }],
    ["bob", { type: "message", id: "m4", to: "nobody", data: {} }],
    ["bob", { type: "message", id: "m5", data: {} }],
    ["bob", { type: "custom_event", id: "s1", room: "lobby", data: { event: "wave", both: true } }],
    ["bob", { type: "custom_event", room: "lobby", data: { event: "typing_start" } }],
    ["bob", { type: "custom_event", id: "s2", to: "ann", data: { event: "wave", user_id: "not me" } }],
    ["bob", { type: "custom_event", id: "s3", room: "lobby", data: { event: "message_read", message_id: "1" } }],
  ],
  "history, and joins with a position": [
    ...BOTH,
    ["ann", say("m1", "one")],
    ["ann", say("m2", "two")],
    ["bob", rejoin],
    ["bob", system("leave", { room: "lobby" })],
    ["ann", say("m3", "three")],
    ["bob", rejoin],
    ["bob", system("join", { room: "lobby", since: { epoch: "another", offset: 1 } })],
    ["bob", system("history", { room: "lobby" })],
    ["bob", system("history", { room: "lobby", limit: 1 })],
    ["bob", (heard) => system("history", { room: "lobby", before: rejoinPosition(heard, 1) })],
    ["bob", (heard) => system("history", { room: "lobby", since: rejoinPosition(heard, 0), limit: 1 })],
    ["bob", system("history", { room: "lobby", before: { epoch: "another", offset: 1 } })],
    ["bob", system("history", { room: "quiet" })],
    ["bob", system("history", { room: "user:ann" })],
  ],
  "presence": [
    ["bob", "comes"],
    ["bob", system("subscribe_presence", { userId: "ann" })],
    ["ann", "comes"],
    ["ann", join],
    ["bob", join],
    ["ann", { type: "presence", id: "p1", data: { status: "away", metadata: { till: 5 } } }],
    ["ann", { type: "presence", id: "p2", data: { status: "away", metadata: { till: 5 } } }],
    ["bob", system("subscribe_presence", { userIds: ["ann", "carol"] })],
    ["bob", system("members", { room: "lobby" })],
    ["bob", system("unsubscribe_presence", { userId: "carol" })],
    ["ann", "goes"],
    ["bob", system("subscribe_presence", { userId: "ann" })],
  ],
  "what is refused, and what is empty": [
    ["ann", "comes"],
    ["ann", system("join", { room: "user:bob" })],
    ["ann", system("join", { room: "user:ann" })],
    ["ann", system("join")],
    ["ann", system("dance")],
    ["ann", { type: "dance", id: "d" }],
    ["ann", system("notifications")],
    ["ann", system("mark_read")],
    ["ann", system("authenticate", { token: "nonsense.of.a.token" })],
  ],
};

function rejoinPosition(heard: Frame[], after: number): unknown {
  return heard.filter(({ type }) => type === "message")[after]?.position;
}
