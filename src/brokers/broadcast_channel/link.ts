/**
 * A worker's way to the sequencer: commands and their replies over the port, events over the channel, put together again
 * in the sequencer's order.
 *
 * A reply is read when everything that the sequencer sent before it was delivered. Reading it is synchronous; whoever awaits
 * the promise goes on later, when more may have been delivered.
 */
import { clearImmediate, setImmediate } from "node:timers";
import { ParleyError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { StreamPosition } from "../../message.ts";
import { hasMembers } from "../../room_name.ts";
import type { Answers, LocalNode, NodeQuestion, PublishResult, RoutedEvent } from "../../broker.ts";
import { answer } from "../cluster/questions.ts";
import { BatchReader } from "./batch_reader.ts";
import { keyIn, keyOf, readEvent, readResult } from "./lines.ts";
import type { Downward, Note, Remark, StoreCommand, StoreReply, Turn, Uplink, Upward } from "./messages.ts";

export interface LinkParts {
  node: LocalNode;
  log: Log;
  deliver(routed: RoutedEvent): void;
  /** Joins and leaves of these rooms were lost. */
  missed(rooms: string[]): void;
  /** A line that could not be delivered. */
  invalid(error: unknown): void;
}

interface Subscription {
  room: string;
  /** Of the newest kept message that was delivered; from here on none may be missing. */
  position?: StreamPosition;
}

interface ReplyHandler {
  hear(reply: StoreReply): void;
}

export class WorkerLink {
  readonly #parts: LinkParts;
  readonly #port: Uplink["port"];
  readonly #channel: BroadcastChannel;
  readonly #reader: BatchReader;
  readonly #rooms = new Map<string, Subscription>();
  readonly #questions = new Map<number, (answers: Answers<unknown>) => void>();
  #asked = 0;
  #out: Upward = [];
  #flush: ReturnType<typeof setImmediate> | undefined;
  /** For a reply each, in the order of asking. */
  #waiting: ReplyHandler[] = [];
  /** What must not be heard before its batch was delivered. */
  #turns: Turn[] = [];
  #isClosed = false;

  constructor({ port, channel }: Uplink, parts: LinkParts) {
    this.#parts = parts;
    this.#reader = new BatchReader({
      deliver: (text) => this.#deliver(text),
      ask: (after) => this.#post({ do: "missing", after }),
    });
    this.#port = port;
    this.#channel = new BroadcastChannel(channel);
    this.#channel.onmessage = ({ data }) => {
      this.#reader.receive(data);
      this.#hearTurns();
    };
    port.on("message", (downward: Downward) => this.#receive(downward));
    this.#post({ do: "hello", node: parts.node.id });
    this.#post({ do: "resume", rooms: [] });
  }

  publish(line: string): Promise<PublishResult> {
    return this.#request(line, (reply) => readResult(reply as string));
  }

  /** `hear` runs at the reply's place in the order of events. */
  call<T>(command: StoreCommand, hear?: (value: T) => void): Promise<T> {
    return this.#request(command, (reply) => {
      const { value } = reply as { value: T };
      hear?.(value);
      return value;
    });
  }

  async subscribe(room: string): Promise<void> {
    const key = keyOf(room);
    // Before the sequencer knows: the batch that holds the first event may come together with its reply.
    if (!this.#rooms.has(key)) this.#rooms.set(key, { room });
    await this.call({ do: "subscribe", key });
  }

  async unsubscribe(room: string): Promise<void> {
    const key = keyOf(room);
    this.#rooms.delete(key);
    if (!this.#isClosed) await this.call({ do: "unsubscribe", key });
  }

  /** Somebody here was told this position: what comes after it must not be missed. */
  startAt(room: string, { epoch, offset }: StreamPosition): void {
    const subscription = this.#rooms.get(keyOf(room));
    if (subscription) subscription.position ??= { epoch, offset };
  }

  /** The answers of all nodes, this one included, or of the one that is named. */
  ask(question: NodeQuestion, node?: string): Promise<Answers<unknown>> {
    const id = ++this.#asked;
    this.#post({ do: "ask", id, node, question });
    return new Promise((resolve) => this.#questions.set(id, resolve));
  }

  /** Its members leave, and nothing is heard any more. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    const left = this.call({ do: "leave" });
    this.#isClosed = true;
    await left;
    clearImmediate(this.#flush);
    this.#reader.close();
    this.#channel.close();
    this.#port.close();
  }

  #request<T>(command: string | StoreCommand, read: (reply: StoreReply) => T): Promise<T> {
    if (this.#isClosed) {
      return Promise.reject(new ParleyError("unavailable", "Cannot reach the other workers: this one is closing"));
    }
    this.#post(command);
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        hear: (reply) => {
          if (typeof reply === "string" || !("error" in reply)) return resolve(read(reply));
          const { code, message, room } = reply.error;
          reject(new ParleyError(code, message, { room }));
        },
      });
    });
  }

  #post(item: string | StoreCommand | Remark): void {
    this.#out.push(item);
    this.#flush ??= setImmediate(() => {
      this.#flush = undefined;
      this.#port.postMessage(this.#out);
      this.#out = [];
    });
  }

  #receive(downward: Downward): void {
    if ("at" in downward) {
      this.#turns.push(downward);
      this.#reader.expect(downward.at);
    } else if ("number" in downward) {
      this.#reader.receive(downward);
    } else if ("gone" in downward) {
      this.#post({ do: "resume", rooms: this.#positions() });
    } else {
      this.#reader.repair(downward);
      if ("anew" in downward) this.#missed();
    }
    this.#hearTurns();
  }

  #missed(): void {
    const rooms = [...this.#rooms.values()].map(({ room }) => room).filter(hasMembers);
    if (rooms.length > 0) this.#parts.missed(rooms);
  }

  #positions(): [key: string, epoch: string, offset: number][] {
    return [...this.#rooms].flatMap(([key, { position }]) => position ? [[key, position.epoch, position.offset]] : []);
  }

  #hearTurns(): void {
    let heard = 0;
    while (heard < this.#turns.length && this.#turns[heard]!.at <= this.#reader.delivered) {
      const { replies, notes } = this.#turns[heard++]!;
      const waiting = this.#waiting.splice(0, replies.length);
      replies.forEach((reply, at) => waiting[at]!.hear(reply));
      for (const note of notes) this.#hear(note);
    }
    this.#turns.splice(0, heard);
  }

  #hear(note: Note): void {
    switch (note.do) {
      case "beat":
        return this.#post({ do: "keep_up", batch: this.#reader.delivered, posted: note.posted });
      case "answers":
        this.#questions.get(note.id)?.({ values: note.values, asked: note.asked });
        this.#questions.delete(note.id);
        return;
      case "question":
        void this.#answer(note);
    }
  }

  /** A question that this node cannot answer stays without its answer. */
  async #answer({ id, question }: Note & { do: "question" }): Promise<void> {
    const { node, log } = this.#parts;
    try {
      this.#post({ do: "answer", id, value: await answer(node, question) });
    } catch (error) {
      log.error("could not answer another worker", { what: question.what, error });
      this.#post({ do: "answer", id });
    }
  }

  #deliver(text: string): void {
    if (text === "") return;
    for (const line of text.split("\n")) {
      const subscription = this.#rooms.get(keyIn(line));
      if (!subscription) continue;
      try {
        const routed = readEvent(line, subscription.room);
        if (isNews(subscription, routed)) this.#parts.deliver(routed);
      } catch (error) {
        this.#parts.invalid(error);
      }
    }
  }
}

/** Notes the position; false: the message was delivered before. */
function isNews(subscription: Subscription, { event }: RoutedEvent): boolean {
  if (event.kind === "reset") subscription.position = { ...event.position };
  if (event.kind !== "message" || !event.position) return true;
  const { epoch, offset } = event.position;
  const known = subscription.position;
  if (known?.epoch === epoch && offset <= known.offset) return false;
  subscription.position = { epoch, offset };
  return true;
}
