/**
 * What the server asked a peer and waits for: events that are to be acknowledged.
 */
import { ParleyError } from "../errors.ts";

interface PendingAck {
  resolve(args: unknown[]): void;
  reject(error: ParleyError): void;
  timer: ReturnType<typeof setTimeout>;
}

export class PendingAcks {
  readonly #open = new Map<number, PendingAck>();
  #asked = 0;

  /** `send` sends the event under its number; false: the peer cannot be reached. What it throws rejects. */
  ask(name: string, timeoutMs: number, send: (id: number) => boolean): Promise<unknown[]> {
    const id = this.#asked++;
    const fail = (why: string) => new ParleyError("unavailable", `Cannot get an answer to event "${name}": ${why}`);
    return new Promise((resolve, reject) => {
      if (!send(id)) throw fail("the connection is closed");
      const timer = setTimeout(() => {
        this.#open.delete(id);
        reject(fail(`none came within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#open.set(id, { resolve, reject, timer });
    });
  }

  /** An answer that is not, or no longer, waited for is ignored. */
  answered(id: number, args: unknown[]): void {
    const question = this.#open.get(id);
    if (!question) return;
    this.#open.delete(id);
    clearTimeout(question.timer);
    question.resolve(args);
  }

  /** No answer can come any more. */
  end(): void {
    for (const { reject, timer } of this.#open.values()) {
      clearTimeout(timer);
      reject(new ParleyError("unavailable", "Cannot get an answer: the connection has closed"));
    }
    this.#open.clear();
  }
}
