/**
 * Questions to other nodes over pub/sub: asked in the channel of one node or of all, answered in the asker's.
 *
 * The engine says how many nodes heard a question where it can, so the answer is complete when as many have answered; one
 * that hangs costs the deadline and is missing from it. A node that nobody hears for may still be there, and only have
 * lost the engine: its lease tells that apart from a node that is gone.
 */
import { clearTimeout, setTimeout } from "node:timers";
import type { Answers, LocalNode, NodeAnswers, NodeQuestion } from "../../broker.ts";
import type { IdSource } from "../../id.ts";
import type { InvalidPayloads } from "./invalid_payloads.ts";
import { answer, encodeQuestion, readQuestion } from "./questions.ts";
import { decode, WIRE_VERSION } from "./wire.ts";

const DEADLINE_MS = 1_000;
/** Stands for all nodes where the name of one is expected. */
export const ALL_NODES = "*";

export interface NodeRpcParts {
  /** Into the channel of a node, or of all; returns how many heard it, if the engine can say. */
  publish(to: string, payload: string): Promise<number | undefined>;
  /** Whether the node was heard of lately, though it may not hear. */
  isLeased(node: string): Promise<boolean>;
  ids: IdSource;
  /** Known once the broker was started. */
  node: () => LocalNode;
  invalid: InvalidPayloads;
}

export class NodeRpc {
  readonly #parts: NodeRpcParts;
  readonly #open = new Map<string, OpenQuestion>();

  constructor(parts: NodeRpcParts) {
    this.#parts = parts;
  }

  /** Of all nodes, this one included, or of the one that is named. */
  async ask<What extends keyof NodeAnswers>(
    question: NodeQuestion & { what: What },
    to?: string,
  ): Promise<Answers<NodeAnswers[What]>> {
    const node = this.#parts.node();
    const here = async () => await answer(node, question) as NodeAnswers[What];
    if (to === node.id) return { values: [await here()], asked: 1 };
    if (to !== undefined) return await this.#askOne(to, question) as Answers<NodeAnswers[What]>;
    const [own, others] = await Promise.all([here(), this.#askOthers(question)]);
    return { values: [own, ...others.values as NodeAnswers[What][]], asked: 1 + others.asked };
  }

  /** From the channel of this node, or of all. */
  receive(channel: string, payload: string): void {
    this.#hear(payload).catch((error) => this.#parts.invalid.note(channel, error));
  }

  #askOthers(question: NodeQuestion): Promise<Answers<unknown>> {
    return this.#publish(ALL_NODES, question, async (open, heard) => {
      // This node hears its own question to all, and does not answer it.
      const others = heard === undefined ? undefined : heard - 1;
      await open.wait(others ?? Infinity);
      return others ?? open.values.length;
    });
  }

  #askOne(to: string, question: NodeQuestion): Promise<Answers<unknown>> {
    return this.#publish(to, question, async (open, heard) => {
      const isThere = heard ? true : await this.#parts.isLeased(to);
      if (isThere && heard !== 0) await open.wait(1);
      return isThere ? 1 : open.values.length;
    });
  }

  /** `complete` waits for the answers, and says how many nodes were asked. */
  async #publish(
    to: string,
    question: NodeQuestion,
    complete: (open: OpenQuestion, heard: number | undefined) => Promise<number>,
  ): Promise<Answers<unknown>> {
    const { ids, node, publish } = this.#parts;
    const id = ids.next();
    const open = new OpenQuestion();
    this.#open.set(id, open);
    try {
      const heard = await publish(to, encodeQuestion(question, { id, from: node().id }));
      const asked = await complete(open, heard);
      return { values: open.values, asked };
    } finally {
      this.#open.delete(id);
    }
  }

  async #hear(payload: string): Promise<void> {
    const { node, publish } = this.#parts;
    const { id, from, ...rest } = decode(payload);
    if (typeof id !== "string" || typeof from !== "string") throw new Error("it is neither a question nor an answer");
    if (rest.what === "answer") return this.#open.get(id)?.add(rest.answer);
    if (from === node().id) return;
    const answered = await answer(node(), readQuestion(rest));
    await publish(from, JSON.stringify({ v: WIRE_VERSION, id, from: node().id, what: "answer", answer: answered }));
  }
}

/** One question while its answers come in. */
class OpenQuestion {
  readonly values: unknown[] = [];
  #expected = Infinity;
  #settle: () => void = () => undefined;

  add(value: unknown): void {
    this.values.push(value);
    if (this.values.length >= this.#expected) this.#settle();
  }

  /** Settles when there are so many answers, or when it is too late for more. */
  async wait(count: number): Promise<void> {
    if (this.values.length >= count) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const late = setTimeout(resolve, DEADLINE_MS);
    this.#expected = count;
    this.#settle = resolve;
    await promise;
    clearTimeout(late);
  }
}
