/**
 * Questions of one node to the others, as the sequencer passes them on: an answer is complete when every node that was
 * asked has answered or is gone; one that hangs costs the deadline and is missing from it. Used by the sequencer.
 */
import { clearTimeout, setTimeout } from "node:timers";

const DEADLINE_MS = 1_000;

interface OpenSurvey<Node> {
  waitingFor: Set<Node>;
  values: unknown[];
  asked: number;
  timer: ReturnType<typeof setTimeout>;
  tell(values: unknown[], asked: number): void;
}

export class Surveys<Node> {
  readonly #open = new Map<number, OpenSurvey<Node>>();
  #count = 0;

  /** Returns the id under which the nodes answer. */
  begin(nodes: Iterable<Node>, tell: OpenSurvey<Node>["tell"]): number {
    const id = ++this.#count;
    const waitingFor = new Set(nodes);
    const timer = setTimeout(() => this.#end(id), DEADLINE_MS);
    this.#open.set(id, { waitingFor, values: [], asked: waitingFor.size, timer, tell });
    if (waitingFor.size === 0) this.#end(id);
    return id;
  }

  answer(id: number, node: Node, value: unknown): void {
    const survey = this.#open.get(id);
    if (!survey?.waitingFor.delete(node)) return;
    if (value !== undefined) survey.values.push(value);
    if (survey.waitingFor.size === 0) this.#end(id);
  }

  /** The node will not answer any more. */
  forget(node: Node): void {
    for (const [id, survey] of this.#open) {
      if (survey.waitingFor.delete(node) && survey.waitingFor.size === 0) this.#end(id);
    }
  }

  close(): void {
    for (const { timer } of this.#open.values()) clearTimeout(timer);
    this.#open.clear();
  }

  #end(id: number): void {
    const survey = this.#open.get(id);
    if (!survey) return;
    this.#open.delete(id);
    clearTimeout(survey.timer);
    survey.tell(survey.values, survey.asked);
  }
}
