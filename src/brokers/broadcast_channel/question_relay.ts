/**
 * Questions of one worker to the others, as the sequencer passes them on: an answer is complete when every worker that was
 * asked has answered or is gone; one that hangs costs the deadline and is missing from it.
 */
import { clearTimeout, setTimeout } from "node:timers";

const DEADLINE_MS = 1_000;

interface RelayedQuestion<Node> {
  waitingFor: Set<Node>;
  values: unknown[];
  asked: number;
  timer: ReturnType<typeof setTimeout>;
  tell(values: unknown[], asked: number): void;
}

export class QuestionRelay<Node> {
  readonly #open = new Map<number, RelayedQuestion<Node>>();
  #count = 0;

  /** Returns the id under which the nodes answer. */
  begin(nodes: Iterable<Node>, tell: RelayedQuestion<Node>["tell"]): number {
    const id = ++this.#count;
    const waitingFor = new Set(nodes);
    const timer = setTimeout(() => this.#end(id), DEADLINE_MS);
    this.#open.set(id, { waitingFor, values: [], asked: waitingFor.size, timer, tell });
    if (waitingFor.size === 0) this.#end(id);
    return id;
  }

  answer(id: number, node: Node, value: unknown): void {
    const question = this.#open.get(id);
    if (!question?.waitingFor.delete(node)) return;
    if (value !== undefined) question.values.push(value);
    if (question.waitingFor.size === 0) this.#end(id);
  }

  /** The node will not answer any more. */
  forget(node: Node): void {
    for (const [id, question] of this.#open) {
      if (question.waitingFor.delete(node) && question.waitingFor.size === 0) this.#end(id);
    }
  }

  close(): void {
    for (const { timer } of this.#open.values()) clearTimeout(timer);
    this.#open.clear();
  }

  #end(id: number): void {
    const question = this.#open.get(id);
    if (!question) return;
    this.#open.delete(id);
    clearTimeout(question.timer);
    question.tell(question.values, question.asked);
  }
}
