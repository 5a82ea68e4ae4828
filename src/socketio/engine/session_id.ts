/**
 * Ids of sessions. Whoever knows one has the session, so most of it is random; the rest says which node began it, and
 * among workers that share a port, on which port of the loopback its worker takes what the others forward. That is signed
 * with a secret of the workers, so that nobody can send a worker to a port of their choice.
 *
 * `<random><node>` or `<port>.<random><node>.<signature>`.
 */
import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";
import { randomId } from "../../id.ts";

/** 144 random bits. */
const RANDOM_LENGTH = 24;
/** 132 bits of the signature. */
const SIGNATURE_LENGTH = 22;

/** Where other workers of this process find the session. */
export interface WorkerAddress {
  /** On the loopback, of this worker alone. */
  port: number;
  /** Shared by the workers, and by nobody else. */
  secret: string;
}

export class SessionIds {
  readonly #node: string;
  /** Set where several workers share a port. */
  worker?: WorkerAddress;

  constructor(node = "") {
    this.#node = node;
  }

  next(): string {
    const id = randomId(RANDOM_LENGTH) + this.#node;
    if (!this.worker) return id;
    const head = `${this.worker.port}.${id}`;
    return `${head}.${sign(head, this.worker.secret)}`;
  }

  /** The other node that began the session, as its id says, which anybody can write; undefined: this one, or none. */
  otherNodeOf(sid: string): string | undefined {
    const [whole, between] = sid.split(".");
    const node = (between ?? whole!).slice(RANDOM_LENGTH);
    return /^[\w-]{14}$/.test(node) && node !== this.#node ? node : undefined;
  }

  /** The port of the other worker that has the session; undefined: it is this one's, or no worker's. */
  portOfOwner(sid: string): number | undefined {
    if (!this.worker) return undefined;
    const [port, id, signature, ...more] = sid.split(".");
    if (signature === undefined || more.length > 0) return undefined;
    if (!isSame(signature, sign(`${port}.${id}`, this.worker.secret))) return undefined;
    return Number(port) === this.worker.port ? undefined : Number(port);
  }
}

function sign(text: string, secret: string): string {
  return createHmac("sha256", secret).update(text).digest("base64url").slice(0, SIGNATURE_LENGTH);
}

/** In a time that does not tell how much of it is right. */
function isSame(given: string, right: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
