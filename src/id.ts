/**
 * Ids of connections, messages and events: 22 characters of base64url, unique in the cluster.
 *
 * The first 14 characters (84 random bits) are the node's own id and the last 8 a counter, so an id costs one string
 * concatenation, and the id of a connection says which node holds it. Ids are not secrets: never use one as a credential.
 */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const NODE_ID_LENGTH = 14;
/** Every two-character tail, so that an id is one concatenation and the head changes only each 4,096 ids. */
const TAILS = Array.from({ length: 4096 }, (_, n) => ALPHABET[n >> 6]! + ALPHABET[n & 63]!);

/** `length` characters of base64url from the system's random source. */
export function randomId(length: number): string {
  let id = "";
  for (const byte of crypto.getRandomValues(new Uint8Array(length))) id += ALPHABET[byte & 63];
  return id;
}

/** The id of the node that made the id of this connection. */
export function nodeOf(connection: string): string {
  return connection.slice(0, NODE_ID_LENGTH);
}

/** Whether it has the shape of an id made here; a user's id rarely does. */
export function looksLikeId(text: string): boolean {
  return /^[\w-]{22}$/.test(text);
}

/** Makes the ids of one node. */
export class IdSource {
  /** 14 characters: the head of every id made here. */
  readonly node: string;
  #head = "";
  #count = 0;

  constructor(node: string = randomId(NODE_ID_LENGTH)) {
    this.node = node;
  }

  /** A new id, 22 characters. */
  next(): string {
    const tail = this.#count & 4095;
    if (tail === 0) this.#head = this.node + base64url(Math.floor(this.#count / 4096), 6);
    this.#count++;
    return this.#head + TAILS[tail];
  }
}

function base64url(value: number, length: number): string {
  let text = "";
  for (let rest = value; text.length < length; rest = Math.floor(rest / 64)) text = ALPHABET[rest % 64] + text;
  return text;
}
