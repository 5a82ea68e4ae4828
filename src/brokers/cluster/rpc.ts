/**
 * Questions and orders to other nodes: asked over the control channel of one node or of all, answered over the asker's.
 *
 * Used by the broker's directory and control. Redis says how many nodes heard the question, so an answer is complete when
 * as many have answered; one that hangs costs the deadline and is missing from the answer.
 */
import type { ConnectionQuery, Delivery, LocalNode, NodeCommand, RoomQuery } from "../../broker.ts";
import { ParleyError } from "../../errors.ts";
import type { IdSource } from "../../id.ts";
import type { RedisEngine } from "../redis/engine.ts";
import type { Keys } from "../redis/keys.ts";
import type { InvalidPayloads } from "./invalid_payloads.ts";
import { checkEvent, decode, encode, WIRE_VERSION } from "./wire.ts";

const DEADLINE_MS = 1_000;
const ALL = "*";
/** Those that bring no event along. */
const ORDERS: ReadonlySet<unknown> = new Set<NodeCommand["do"]>(["kick", "put_out", "move_group", "tell_members"]);

export type NodeQuestion =
  | { what: "connections"; query: ConnectionQuery }
  | { what: "rooms"; query: RoomQuery }
  | { what: "roomsOf"; query: { user: string } }
  | { what: "order"; query: NodeCommand }
  | { what: "send"; query: Delivery };

export interface NodeRpcParts {
  engine: RedisEngine;
  keys: Keys;
  ids: IdSource;
  /** Known once the broker was started. */
  node: () => LocalNode;
  invalid: InvalidPayloads;
}

interface Pending {
  answers: unknown[];
  /** How many nodes heard it; not known before Redis has said so. */
  expected: number;
  answered(): void;
}

export class NodeRpc {
  readonly #parts: NodeRpcParts;
  readonly #pending = new Map<string, Pending>();

  constructor(parts: NodeRpcParts) {
    this.#parts = parts;
  }

  /** Listens from the first answer of Redis on. */
  listen(): void {
    const { engine, keys, node } = this.#parts;
    for (const name of [ALL, node().id]) engine.want(keys.control(name));
  }

  /** The answers of all other nodes that answer in time. */
  async askOthers(question: NodeQuestion): Promise<unknown[]> {
    return (await this.#ask(ALL, question)).answers;
  }

  /** Undefined: there is no such node. Throws ParleyError `unavailable` if it does not answer. */
  async askOne(node: string, question: NodeQuestion): Promise<unknown> {
    const { answers, expected } = await this.#ask(node, question);
    if (expected > 0 && answers.length === 0) {
      throw new ParleyError("unavailable", "Cannot reach the connection: its node does not answer");
    }
    return answers[0];
  }

  /** Whether the node answers. */
  async reaches(node: string): Promise<boolean> {
    const { answers } = await this.#ask(node, { what: "roomsOf", query: { user: "" } });
    return answers.length > 0;
  }

  /** True: the channel is one of control. */
  receive(channel: string, payload: string): boolean {
    const { keys, node, invalid } = this.#parts;
    if (channel !== keys.control(ALL) && channel !== keys.control(node().id)) return false;
    this.#obey(payload).catch((error) => invalid.note(channel, error));
    return true;
  }

  async #ask(to: string, question: NodeQuestion): Promise<Pending> {
    const { engine, keys, ids, node } = this.#parts;
    const id = ids.next();
    const pending: Pending = { answers: [], expected: Infinity, answered: () => undefined };
    this.#pending.set(id, pending);
    try {
      const heard = await engine.publish(keys.control(to), encodeQuestion({ id, from: node().id, ...question }));
      // This node hears its own question to all, and does not answer it.
      pending.expected = to === ALL ? heard - 1 : heard;
      if (engine.countsHearers && pending.answers.length >= pending.expected) return pending;
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, DEADLINE_MS);
        pending.answered = () => {
          if (!engine.countsHearers || pending.answers.length < pending.expected) return;
          clearTimeout(late);
          resolve();
        };
      });
      return pending;
    } finally {
      this.#pending.delete(id);
    }
  }

  async #obey(payload: string): Promise<void> {
    const { engine, keys } = this.#parts;
    const node = this.#parts.node();
    const { id, from, what, query, answer, event } = decode(payload);
    if (typeof id !== "string" || typeof from !== "string") throw new Error("it is neither a question nor an answer");
    if (what === "answer") {
      const pending = this.#pending.get(id);
      pending?.answers.push(answer);
      pending?.answered();
      return;
    }
    if (from === node.id) return;
    const asked = await this.#answer(readQuestion(what, query, event));
    const reply = JSON.stringify({ v: WIRE_VERSION, id, from: node.id, what: "answer", answer: asked });
    await engine.publish(keys.control(from), reply);
  }

  async #answer(question: NodeQuestion): Promise<unknown> {
    const node = this.#parts.node();
    switch (question.what) {
      case "connections":
        return node.connections(question.query);
      case "rooms":
        return node.rooms(question.query);
      case "roomsOf":
        return node.roomsOf(question.query.user);
      case "order":
        return await node.execute(question.query);
      case "send":
        return await node.send(question.query);
    }
  }
}

/** The event of an order travels beside it, where its bytes are found. */
function encodeQuestion(question: { id: string; from: string } & NodeQuestion): string {
  const { query } = question;
  if (!("event" in query)) return JSON.stringify({ v: WIRE_VERSION, ...question });
  const { event, ...rest } = query;
  return encode({ ...question, query: rest, event }, event);
}

function readQuestion(what: unknown, query: unknown, event: unknown): NodeQuestion {
  if (typeof query !== "object" || query === null) throw new Error("it asks for nothing");
  if (what === "connections" || what === "rooms" || what === "roomsOf") return { what, query } as NodeQuestion;
  if (what === "send") return { what, query: { ...query as Delivery, event: checkEvent(event) } };
  if (what !== "order") throw new Error(`it asks for ${JSON.stringify(what)}`);
  const order = query as NodeCommand;
  if (order.do === "tell_members" && !Array.isArray(order.rooms)) throw new Error("its rooms are no list");
  if (ORDERS.has(order.do)) return { what, query: order };
  throw new Error("it is an order of an unknown kind");
}
