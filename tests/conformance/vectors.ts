/**
 * The form of the golden vectors in vectors/<dialect>.json, and how their shorthands are filled in.
 *
 * A vector is one frame in or out of one dialect, as a client sees it on the wire. People are named: "ann" has a
 * numeric user id, "guest" has none. Events and replies happen at one moment unless they say otherwise.
 */
import { type Member, SERVER } from "../../src/message.ts";

/** Client → server. `text`: a frame that is no JSON; `commands` leave out what only answers need. */
interface Inbound {
  name: string;
  frame?: unknown;
  text?: string;
  commands?: unknown[];
  error?: { code: string; message: string };
  /** What it decides an undecided connection for; null: nothing. */
  decides?: string | null;
}

/** Server → client. `answers`: the client's frame that a reply or an error is about. */
export interface Outbound {
  name: string;
  greeting?: Json;
  event?: Json;
  reply?: Json;
  answers?: unknown;
  frames: unknown[];
}

export type Vector = Inbound | Outbound;
export type Json = Record<string, unknown>;

export const PEOPLE: Record<string, Member> = {
  ann: { connection: "ann-1", user: 7, name: "Ann" },
  /** Ann's second tab. */
  ann2: { connection: "ann-2", user: 7, name: "Ann" },
  bob: { connection: "bob-1", user: "bob", name: "Bob" },
  guest: { connection: "guest-1", name: "guest-0a1b2c" },
  server: SERVER,
};

/** 2025-11-13T12:00:00.123Z. */
const MOMENT = { id: "fresh-id", timestamp: 1763035200123 };

/** A reply, an event or a greeting with people and moment filled in. */
export function fill(short: Json): Json {
  const full: Json = { ...MOMENT, ...short };
  for (const role of ["from", "self", "member"]) if (typeof full[role] === "string") full[role] = PEOPLE[full[role]];
  if (Array.isArray(full.messages)) {
    full.messages = full.messages.map((message: Json) => fill({ kind: "message", ...message }));
  }
  if (full.binary) full.data = withBytes(full.data);
  if (full.roster) full.roster = fillRoster(full.roster as Json);
  return full;
}

/** `{"bytes": [1, 2]}` stands for two bytes. */
function withBytes(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withBytes);
  if ("bytes" in value) return new Uint8Array(value.bytes as number[]);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withBytes(inner)]));
}

function fillRoster(roster: Json): Json {
  const list = roster.list as (string | Json)[];
  return {
    ...roster,
    list: list.map((each) => typeof each === "string" ? PEOPLE[each] : { ...PEOPLE[each.is as string], ...each }),
  };
}

/** As it comes out of JSON: fields that are undefined are not there. */
export function plainJson(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
