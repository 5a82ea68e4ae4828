/**
 * The one place where the events of all workers get their order: it runs in the parent thread and holds what the memory
 * broker holds, for all of them. src/workers/workers.ts makes it; each worker reaches it through a Link.
 *
 * Everything of one turn leaves as one numbered batch to all workers, and one message of replies to each that asked.
 * It never opens what is sealed and runs nothing of the server, so it can hardly hang. It removes the members of a worker
 * that died: one leave for each.
 */
import { clearImmediate, clearInterval, setImmediate, setInterval } from "node:timers";
import { MessageChannel } from "node:worker_threads";
import type { RoutedEvent } from "../../broker.ts";
import { ParleyError, reasonOf } from "../../errors.ts";
import { IdSource, randomId } from "../../id.ts";
import { type MessageEvent, type ResetEvent, type RoomEvent, SERVER } from "../../message.ts";
import type { Stores } from "../../stores.ts";
import { MemoryPresence } from "../memory/presence.ts";
import { sweepStores } from "../memory/stores.ts";
import { BatchLog } from "./batch_log.ts";
import { keyOf, readPublish, seal, type Sealed, writeEvent, writeResult } from "./lines.ts";
import type { Remark, Repair, SealedPage, Store, StoreCommand, Uplink, Upward } from "./messages.ts";
import { WorkerState } from "./worker_state.ts";
import { QuestionRelay } from "./question_relay.ts";

const SWEEP_MS = 15_000;
/** How often workers are asked how far they are; finds a lost last batch too. */
const BEAT_MS = 1_000;
/** How much may wait for a worker that does not read; on Bun nothing of it is dropped. */
const MAX_BEHIND_CHARS = 512 * 1024 * 1024;
/**
 * From here on a batch takes the ports. One post on the channel serves any number of workers, but Deno hands what a channel
 * carries over byte by byte: a kilobyte costs each reader 80 us there, and a few us over its port.
 */
const LARGE_CHARS = 1_000;
/** Messages of one room that a worker gets at once when it starts over. */
const ANEW_LIMIT = 10_000;

export interface SequencerOptions {
  /** Rooms are known to them by their JSON, and the data of a message is one sealed text. */
  stores: Stores;
  /** Members up to which a room announces joins and leaves. */
  roomAnnounceMax?: number;
  /** Characters of batches kept for workers that lost some. */
  logChars?: number;
  /** From how many characters on a batch takes the ports. */
  largeChars?: number;
  /** A worker is so far behind that memory would run out. */
  overrun?(node: string): void;
  /** How many characters that takes. */
  maxBehindChars?: number;
}

/** A place for one worker. */
export interface Attachment {
  /** For the worker; its port has to be transferred. */
  uplink: Uplink;
  /** The worker is gone: its members leave. Idempotent. */
  detach(): void;
}

export class Sequencer {
  readonly #stores: Stores;
  readonly #presence: MemoryPresence;
  /** What workers call as it is. */
  readonly #callable: Callable;
  readonly #ids = new IdSource();
  readonly #channel = new BroadcastChannel(`parley ${randomId(22)}`);
  readonly #log: BatchLog;
  readonly #workers = new Set<WorkerState>();
  readonly #questions = new QuestionRelay<WorkerState>();
  readonly #largeChars: number;
  readonly #maxBehindChars: number;
  readonly #overrun: (node: string) => void;
  readonly #timers: ReturnType<typeof setInterval>[];
  /** What had been posted at the last beat: whoever reads has said since that it has that. */
  #askedChars = 0;
  #batch: string[] = [];
  #flush: ReturnType<typeof setImmediate> | undefined;

  constructor(options: SequencerOptions) {
    const { stores, roomAnnounceMax: announceMax, logChars } = options;
    const { inbox, grants, statuses } = stores;
    const announce = (routed: RoutedEvent) => this.#announce(routed);
    this.#stores = stores;
    this.#presence = new MemoryPresence({ ids: this.#ids, statuses, announce, announceMax });
    this.#callable = { presence: this.#presence, inbox, grants } as unknown as Callable;
    this.#log = new BatchLog(logChars);
    this.#largeChars = options.largeChars ?? LARGE_CHARS;
    this.#maxBehindChars = options.maxBehindChars ?? MAX_BEHIND_CHARS;
    this.#overrun = options.overrun ?? (() => undefined);
    this.#timers = [setInterval(() => this.#sweep(), SWEEP_MS), setInterval(() => this.#beat(), BEAT_MS)];
    for (const timer of this.#timers) timer.unref();
  }

  attach(): Attachment {
    const { port1, port2 } = new MessageChannel();
    const worker = new WorkerState(port1, this.#log);
    this.#workers.add(worker);
    port1.on("message", (upward: Upward) => this.#receive(worker, upward));
    return { uplink: { port: port2, channel: this.#channel.name }, detach: () => this.#detach(worker) };
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    clearImmediate(this.#flush);
    this.#questions.close();
    for (const { port } of this.#workers) port.close();
    this.#workers.clear();
    this.#channel.close();
  }

  #receive(worker: WorkerState, upward: Upward): void {
    for (const item of upward) {
      // What a dead worker had posted before is not read any more: its members have left.
      if (!this.#workers.has(worker)) return;
      if (typeof item === "string") worker.reply(this.#publish(item));
      else if (isRemark(item)) this.#hear(worker, item);
      else this.#answer(worker, item);
    }
    this.#flushSoon();
  }

  #publish(line: string): string {
    const { key, id, timestamp, keep, once, sealed } = readPublish(line);
    const repeated = once && this.#stores.once.find(once);
    if (repeated) return writeResult(repeated);
    const message: MessageEvent = { kind: "message", id, timestamp, from: SERVER, data: sealed };
    if (keep) this.#stores.history.append(key, message, keep);
    if (once) this.#stores.once.remember(once, message);
    const { position } = message;
    if (this.#isWanted(key)) this.#batch.push(writeEvent(key, sealed, position));
    return writeResult({ position });
  }

  #announce(routed: RoutedEvent): void {
    const key = keyOf(routed.room);
    if (this.#isWanted(key)) this.#batch.push(writeEvent(key, seal(routed)));
  }

  #isWanted(key: string): boolean {
    for (const { rooms } of this.#workers) if (rooms.has(key)) return true;
    return false;
  }

  #answer(worker: WorkerState, command: StoreCommand): void {
    try {
      worker.reply({ value: this.#execute(worker, command) });
    } catch (error) {
      const { code, room } = error instanceof ParleyError ? error : { code: "internal" as const, room: undefined };
      worker.reply({ error: { code, room, message: reasonOf(error) } });
    }
  }

  #execute(worker: WorkerState, command: StoreCommand): unknown {
    switch (command.do) {
      case "call":
        return this.#callable[command.store][command.method]!(...command.args);
      case "read":
        return this.#read(command);
      case "subscribe":
        return void worker.rooms.add(command.key);
      case "unsubscribe":
        return void worker.rooms.delete(command.key);
      case "leave":
        return this.#removeMembers(worker);
    }
  }

  #read({ key, query }: StoreCommand & { do: "read" }): SealedPage {
    const page = this.#stores.history.read(key, query);
    return { ...page, messages: page.messages.map(({ position, data }) => [position!.offset, data as Sealed]) };
  }

  #hear(worker: WorkerState, remark: Remark): void {
    switch (remark.do) {
      case "hello":
        worker.node = remark.node;
        return;
      case "missing":
        return this.#resend(worker, remark.after);
      case "resume":
        return this.#resume(worker, remark.rooms);
      case "keep_up":
        worker.delivered = remark.batch;
        worker.deliveredChars = remark.posted;
        return;
      case "ask":
        return this.#ask(worker, remark);
      case "answer":
        return this.#questions.answer(remark.id, worker, remark.value);
    }
  }

  #resend({ port }: WorkerState, after: number): void {
    const batches = this.#log.after(after);
    const repair: Repair = batches ? { batches } : { gone: true };
    port.postMessage(repair);
  }

  /** The answer stands between two batches, so the one that has begun ends here. */
  #resume(worker: WorkerState, rooms: [key: string, epoch: string, offset: number][]): void {
    this.#closeBatch();
    const lines = rooms.flatMap(([key, epoch, offset]) => {
      const page = this.#stores.history.read(key, { limit: ANEW_LIMIT, since: { epoch, offset } });
      if (!page.recovered) return [writeEvent(key, this.#reset(key, page.position))];
      return page.messages.map(({ position, data }) => writeEvent(key, data as Sealed, position));
    });
    const repair: Repair = { anew: { number: this.#log.number, text: lines.join("\n") } };
    worker.port.postMessage(repair);
  }

  #reset(key: string, position: ResetEvent["position"]): Sealed {
    const room: string = JSON.parse(key);
    const event: RoomEvent = { kind: "reset", id: this.#ids.next(), timestamp: Date.now(), room, position };
    return seal({ room, event });
  }

  #ask(asker: WorkerState, { id, node, question }: Remark & { do: "ask" }): void {
    const asked = [...this.#workers].filter((worker) =>
      worker.node !== "" && (node === undefined || worker.node === node)
    );
    const relayed = this.#questions.begin(asked, (values, asked) => {
      asker.tell({ do: "answers", id, values, asked });
      this.#flushSoon();
    });
    for (const worker of asked) worker.tell({ do: "question", id: relayed, question });
  }

  #detach(worker: WorkerState): void {
    if (!this.#workers.delete(worker)) return;
    worker.port.close();
    this.#removeMembers(worker);
    this.#flushSoon();
  }

  #removeMembers(worker: WorkerState): void {
    const { node } = worker;
    worker.leave();
    this.#questions.forget(worker);
    if (node !== "") this.#presence.leaveAll(node);
  }

  #flushSoon(): void {
    this.#flush ??= setImmediate(() => {
      this.#flush = undefined;
      this.#closeBatch();
      for (const worker of this.#workers) worker.flush(this.#log.number);
    });
  }

  #closeBatch(): void {
    if (this.#batch.length === 0) return;
    const batch = this.#log.append(this.#batch.join("\n"));
    this.#batch = [];
    if (batch.text.length < this.#largeChars) this.#channel.postMessage(batch);
    else for (const { port } of this.#workers) port.postMessage(batch);
  }

  #beat(): void {
    const { number, posted } = this.#log;
    let delivered = number;
    for (const worker of this.#workers) {
      if (worker.delivered >= number) worker.deliveredChars = posted;
      else if (this.#askedChars - worker.deliveredChars > this.#maxBehindChars) this.#overrun(worker.node);
      else worker.tell({ do: "beat", posted });
      delivered = Math.min(delivered, worker.delivered);
    }
    this.#askedChars = posted;
    this.#log.forget(delivered);
    this.#flushSoon();
  }

  #sweep(): void {
    sweepStores(this.#stores);
  }
}

type Callable = Record<Store, Record<string, (...args: unknown[]) => unknown>>;

const REMARKS: ReadonlySet<string> = new Set(["hello", "missing", "resume", "keep_up", "ask", "answer"]);

function isRemark(item: StoreCommand | Remark): item is Remark {
  return REMARKS.has(item.do);
}
