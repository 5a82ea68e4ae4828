/**
 * A client for the fault tests: it joins one room, publishes with ids until each is accepted, comes back whenever its
 * connection ends, and writes down all it sends and sees for the history checker.
 *
 * It speaks the envelope dialect by hand, so that nothing of Parley's own client stands between a fault and the checker.
 */
import { Hopeless } from "../waiting.ts";
import type { HistoryChecker, Position, Witness } from "./checker.ts";

const RETRY_MS = 150;

export interface ParticipantOptions {
  name: string;
  room: string;
  token: string;
  /** Where to connect, asked each time: `ws://127.0.0.1:<port>`. */
  server: () => string;
  checker: HistoryChecker;
}

interface Frame {
  type: string;
  id?: string;
  from?: string;
  room?: string;
  position?: Position;
  data: Record<string, unknown>;
}

interface Pending {
  /** False: given up, because the participant was stopped. */
  settle(isAccepted: boolean): void;
  refused(error: Error): void;
}

export class Participant {
  readonly name: string;
  readonly witness: Witness;
  /** Codes of the refusals it was answered, each as often as it was. */
  readonly refusals: string[] = [];
  resets = 0;
  /** Its id while it is in the room. */
  connection: string | undefined;
  readonly #options: ParticipantOptions;
  readonly #pending = new Map<string, Pending>();
  #socket: WebSocket | undefined;
  #greetedAs: string | undefined;
  #position: Position | undefined;
  #count = 0;
  #isStopped = false;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ParticipantOptions) {
    this.#options = options;
    this.name = options.name;
    this.witness = options.checker.witness(options.name, options.room);
    this.#connect();
  }

  get isIn(): boolean {
    return this.connection !== undefined;
  }

  /** Publishes one message after another until told to stop; resolves with how many were accepted. */
  async chat(everyMs: number, until: () => boolean): Promise<number> {
    let accepted = 0;
    while (!until() && !this.#isStopped) {
      if (await this.publish()) accepted++;
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
    return accepted;
  }

  /** Sends one message again and again until it is accepted; false: it was stopped before. */
  publish(): Promise<boolean> {
    const key = `${this.name}-${++this.#count}`;
    return new Promise((settle, refused) => {
      this.#pending.set(key, { settle, refused });
      this.#send(key);
    });
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#retry);
    for (const { settle } of this.#pending.values()) settle(false);
    this.#socket?.close();
  }

  #connect(): void {
    const { server, token } = this.#options;
    const socket = new WebSocket(`${server()}/websocket/connect?token=${token}`);
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(String(data)));
    socket.onclose = () => {
      if (this.isIn) this.witness.away();
      this.connection = this.#greetedAs = undefined;
      if (!this.#isStopped) this.#retry = setTimeout(() => this.#connect(), RETRY_MS);
    };
  }

  #join(): void {
    const data = { action: "join", room: this.#options.room, since: this.#position };
    this.#say({ type: "system", id: "join", data });
  }

  #send(key: string): void {
    if (this.isIn) this.#say({ type: "message", id: key, room: this.#options.room, data: { key } });
  }

  #say(frame: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #receive(frame: Frame): void {
    switch (frame.type) {
      case "system_notification":
        if (typeof frame.data.connection_id !== "string") return;
        this.#greetedAs = frame.data.connection_id;
        return this.#join();
      case "room_joined":
        return this.#joined(frame);
      case "message":
        return this.#saw(frame);
      case "room_update":
        return this.#updated(frame);
      case "system":
        return this.#accepted(frame.id, frame.data.position as Position);
      case "error":
        return this.#refused(frame);
    }
  }

  #joined({ data }: Frame): void {
    const position = data.position as Position;
    const messages = (data.messages as Frame[] | undefined)?.map((message) => seenIn(message));
    const members = connectionsOf(data.members);
    this.witness.joined({ position, recovered: data.recovered as boolean | undefined, messages, members });
    this.#position = position;
    this.connection = this.#greetedAs;
    for (const key of this.#pending.keys()) this.#send(key);
  }

  #saw(frame: Frame): void {
    const seen = seenIn(frame);
    this.witness.saw(seen);
    this.#position = seen.position;
    if (frame.from === this.#greetedAs) this.#accepted(frame.id, seen.position);
  }

  #updated({ data }: Frame): void {
    const connection = String(data.connection_id);
    if (data.action === "member_joined") this.witness.memberJoined(connection);
    if (data.action === "member_left") this.witness.memberLeft(connection);
    if (data.action === "members") this.witness.members(connectionsOf(data.members));
    if (data.action !== "reset") return;
    this.#position = data.position as Position;
    this.resets++;
    this.witness.reset(this.#position);
  }

  #accepted(key: string | undefined, position: Position): void {
    const pending = key === undefined ? undefined : this.#pending.get(key);
    if (!pending || key === undefined) return;
    this.#pending.delete(key);
    this.witness.acceptedAt(key, position);
    pending.settle(true);
  }

  #refused({ data }: Frame): void {
    const { code, message, request } = data;
    this.refusals.push(String(code));
    if (code !== "unavailable") {
      const error = new Hopeless(`${this.name} was refused: ${code} ${message}`);
      for (const { refused } of this.#pending.values()) refused(error);
      return;
    }
    const again = request === "join" ? () => this.#join() : () => this.#send(String(request));
    this.#retry = setTimeout(() => this.#isStopped || again(), RETRY_MS);
  }
}

function connectionsOf(members: unknown): string[] {
  return (members as { connection_id: string }[]).map(({ connection_id }) => connection_id);
}

function seenIn({ position, data }: Frame): { key: string; position: Position } {
  if (!position) throw new Error(`A message without a position: ${JSON.stringify(data)}`);
  return { key: String(data.key), position };
}
