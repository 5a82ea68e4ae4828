/**
 * What the page knows of a dialect: its address, how it says what a visitor does, and how it reads what the server says.
 *
 * Written by hand for each dialect, on purpose: the page shows what a client of that dialect has to write, and no more.
 */

/** A guest has no user id. Who has one is called by the name that goes with it, told or not. */
export interface Person {
  /** What a leave names: a connection in dialects that list connections, else a user. */
  key: string;
  user?: string;
  name?: string;
}

export interface Said {
  id: string;
  /** Of a user or, for a guest, of its connection. */
  sender: string;
  name?: string;
  text?: string;
  /** What a message without a text consists of. */
  data?: unknown;
  position?: unknown;
}

/** In the unit of the dialect's lists; absent where the server does not tell. */
export interface Count {
  total?: number;
}

export interface JoinReply extends Count {
  position?: unknown;
  recovered?: boolean;
  /** Of the dialect's own form. */
  messages?: unknown[];
}

/** Who hears what a dialect has read. */
export interface Reader {
  readonly token: string;
  send(frame: object | string): void;
  /** The server knows who we are. */
  ready(): void;
  /** We are in, or the list is told anew; without a list the room is too large to have one. */
  joined(people: Person[] | undefined, reply: JoinReply): void;
  entered(person: Person, count: Count): void;
  left(key: string, count: Count): void;
  said(message: Said): void;
  typed(person: string, isTyping: boolean): void;
  refused(reason: string): void;
}

export interface Dialect {
  address(token: string): string;
  /** For a dialect that is spoken to before it says anything. */
  opened?(reader: Reader): void;
  join(room: string, since?: unknown): object | string;
  say(room: string, text: string): object | string;
  /** Absent in a dialect that has no frames for it. */
  typing?(room: string, isTyping: boolean): object | string;
  read(frame: string, reader: Reader): void;
  /** A message that a join brought along. */
  readMissed(message: unknown, reader: Reader): void;
}
