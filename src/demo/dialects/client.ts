/**
 * One client of the page: a visitor's connection in the chosen dialect, and what it knows of the room.
 *
 * Made twice. It draws nothing itself; its pane shows what it knows.
 */
import { tokenFor } from "../shared/server.ts";
import { nameFrom } from "../shared/people.ts";
import type { Count, Dialect, JoinReply, Person, Reader, Said } from "./dialect.ts";
import { envelope, kebab, plain, snake } from "./json_dialects.ts";
import { Pane } from "./pane.ts";
import { socketio } from "./socketio.ts";

const DIALECTS: Record<string, Dialect> = { envelope, socketio, kebab, snake, plain };
const TYPING_MS = 2500;

export interface Visitor {
  user: string;
  name: string;
  dialect: string;
}

export class Client implements Reader {
  readonly pane: Pane;
  token = "";
  readonly #user: string;
  #room: string;
  readonly #names = new Map<string, string>();
  readonly #members = new Map<string, Person>();
  /** Members beyond the ones of the list. */
  #unlisted = 0;
  readonly #typists = new Set<string>();
  readonly #seen = new Set<string>();
  #socket?: WebSocket;
  /** Of the connect under way; another one, or none, means that it was given up. */
  #attempt?: object;
  #position?: unknown;
  #greeting = "";
  #isCatchingUp = false;
  #isTyping = false;
  #pause?: ReturnType<typeof setTimeout>;

  constructor({ user, name, dialect }: Visitor, room: string) {
    this.#user = user;
    this.#room = room;
    this.#names.set(user, name);
    this.pane = new Pane(name, dialect, {
      choose: () => this.#restart(),
      toggle: () => this.#socket ? this.#stop() : void this.start(),
      say: (text) => this.#say(text),
      type: () => this.#type(),
    });
  }

  async start(): Promise<void> {
    this.pane.state = "connecting";
    const attempt = this.#attempt = {};
    try {
      this.token = await tokenFor(this.#user, this.#names.get(this.#user));
    } catch (error) {
      return this.pane.fail(String(Object(error).message));
    }
    if (attempt === this.#attempt) this.#connect();
  }

  /** Into another room, without a memory of the one before. */
  move(room: string): void {
    this.#room = room;
    this.#position = undefined;
    this.#seen.clear();
    this.pane.empty();
    this.#restart();
  }

  get #dialect(): Dialect {
    return DIALECTS[this.pane.dialect]!;
  }

  #connect(): void {
    const path = this.#dialect.address(this.token);
    this.pane.address = path.replace(/token=[^&]+/, "token=…");
    const socket = this.#socket = new WebSocket(location.origin.replace(/^http/, "ws") + path);
    socket.onopen = () => this.#dialect.opened?.(this);
    socket.onmessage = ({ data }) => this.#socket === socket && this.#receive(data);
    socket.onclose = ({ code, reason }) => this.#socket === socket && this.#ended(code, reason);
  }

  #stop(): void {
    const socket = this.#socket;
    this.#ended(1000, "");
    socket?.close();
  }

  #restart(): void {
    this.#stop();
    void this.start();
  }

  #ended(code: number, reason: string): void {
    this.#attempt = undefined;
    this.#socket = undefined;
    this.#isTyping = false;
    this.#members.clear();
    this.#unlisted = 0;
    this.#typists.clear();
    this.#show();
    this.pane.state = "offline";
    if (code !== 1000) this.pane.note(`Closed with ${code} ${reason}`, "bad");
  }

  #receive(frame: string): void {
    this.pane.frame("got", frame);
    this.#dialect.read(frame, this);
  }

  #say(text: string): void {
    this.send(this.#dialect.say(this.#room, text));
    this.#stopTyping();
  }

  #type(): void {
    const { typing } = this.#dialect;
    if (!typing || this.pane.state !== "online") return;
    if (!this.#isTyping) this.send(typing(this.#room, true));
    this.#isTyping = true;
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => this.#stopTyping(), TYPING_MS);
  }

  #stopTyping(): void {
    clearTimeout(this.#pause);
    if (this.#isTyping && this.#socket) this.send(this.#dialect.typing!(this.#room, false));
    this.#isTyping = false;
  }

  // ---- what a dialect says and has read ----

  send(frame: object | string): void {
    const text = typeof frame === "string" ? frame : JSON.stringify(frame);
    this.#socket?.send(text);
    this.pane.frame("sent", text);
  }

  ready(): void {
    this.send(this.#dialect.join(this.#room, this.#position));
  }

  joined(people: Person[] = [], { total, position, recovered, messages = [] }: JoinReply): void {
    this.#members.clear();
    for (const person of people) this.#add(person);
    this.#count({ total });
    this.pane.state = "online";
    this.#greet();
    this.#catchUp(messages, recovered);
    if (position) this.#position = position;
    this.#show();
  }

  entered(person: Person, count: Count): void {
    const isNew = !this.#members.has(person.key);
    this.#add(person);
    this.#count(count);
    if (isNew && person.user !== this.#user) this.pane.note(`${this.#nameOf(person)} joined`);
    this.#show();
  }

  left(key: string, count: Count): void {
    const person = this.#members.get(key);
    this.#members.delete(key);
    this.#count(count);
    if (person && person.user !== this.#user) this.pane.note(`${this.#nameOf(person)} left`);
    if (person) this.#typists.delete(personId(person));
    this.#show();
  }

  said({ id, sender, name, text, data, position }: Said): void {
    if (position) this.#position = position;
    if (this.#seen.has(id)) return;
    this.#seen.add(id);
    if (name) this.#names.set(sender, name);
    this.#typists.delete(sender);
    this.pane.say({
      sender,
      name: name ?? this.#named(sender),
      text: text ?? JSON.stringify(data),
      isData: text === undefined,
      isMine: sender === this.#user,
      isMissed: this.#isCatchingUp,
    });
    this.#show();
  }

  typed(person: string, isTyping: boolean): void {
    if (isTyping && person !== this.#user) this.#typists.add(person);
    else this.#typists.delete(person);
    this.#show();
  }

  refused(reason: string): void {
    this.pane.note(reason, "bad");
  }

  // ---- what it knows ----

  /** Once for each dialect in each room. */
  #greet(): void {
    const lack = this.#dialect.typing ? "" : ", which has no typing frames";
    const greeting = `In ${this.#room}, speaking ${this.pane.dialect}${lack}`;
    if (this.#greeting !== greeting) this.pane.note(greeting);
    this.#greeting = greeting;
  }

  #catchUp(messages: unknown[], recovered?: boolean): void {
    const before = this.#seen.size;
    this.#isCatchingUp = true;
    for (const message of messages) this.#dialect.readMissed(message, this);
    this.#isCatchingUp = false;
    const missed = this.#seen.size - before;
    if (recovered && missed > 0) this.pane.note(`${missed} missed ${missed === 1 ? "message" : "messages"} recovered`);
  }

  #add(person: Person): void {
    if (person.name) this.#names.set(personId(person), person.name);
    this.#members.set(person.key, person);
  }

  /** A list may be shorter than the room; what the server says of the whole room is right. */
  #count({ total }: Count): void {
    if (total !== undefined) this.#unlisted = Math.max(0, total - this.#members.size);
  }

  #nameOf(person: Person): string {
    return person.name ?? this.#named(personId(person));
  }

  #named(id: string): string {
    return this.#names.get(id) ?? nameFrom(id);
  }

  #show(): void {
    const people = new Map([...this.#members.values()].map((person) => [personId(person), this.#nameOf(person)]));
    this.pane.showPeople([...people.values()].sort(), this.#unlisted);
    this.pane.showTyping([...this.#typists].map((id) => this.#named(id)));
  }
}

/** Two tabs of a user are one person, two guests are two. */
function personId({ user, key }: Person): string {
  return user ?? key;
}
