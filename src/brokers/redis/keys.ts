/**
 * Every key and channel that Parley uses in Redis. All begin with the prefix, and every key has an expiry.
 *
 *     {prefix}:{ROOM}:meta      hash    e epoch, o newest offset, r the Redis process that gave the epoch,
 *                                       b bytes ever kept, f how many of them before the oldest that is left
 *     {prefix}:{ROOM}:log       stream  kept messages; the id is <offset>-1
 *     {prefix}:{ROOM}:once:…    string  an idempotent publish: "epoch offset id timestamp"
 *     {prefix}:{ROOM}:members   hash    connection → "lease user member"
 *     {prefix}:{ROOM}:users     hash    u<user> → connections of the user; g → guests; q: does not announce
 *     {prefix}:{ROOM}:events    channel of the room; ROOM * is everybody's
 *     {prefix}:nodes:{nodes}:leases   sorted set  lease → when its node was last heard of
 *     {prefix}:nodes:{nodes}:reaping  sorted set  lease of a dead node → when somebody began to remove its members
 *     {prefix}:nodes:{nodes}:run      string  changes when Redis lost its data
 *     {prefix}:node:LEASE       set     rooms in which the node may have members
 *     {prefix}:status:{status}:USER   string  "timestamp presence"
 *     {prefix}:inbox:{USER}:…   ids (list, newest first), notes (hash), unread (set)
 *     {prefix}:groups:USER      hash    group → 1 in, 0 out
 *     {prefix}:block:USER       string  there while the user is blocked
 *     {prefix}:control:NODE     channel of questions to one node; NODE * is everybody's
 *
 * Only a room's keys have a brace right after the prefix, all others begin with a word of their own, so no two names can
 * meet. Channels are not part of a database: those of another one than 0 end in its number.
 *
 * The braces are Redis Cluster's: what stands in them decides the slot, so all keys a script needs at once are together.
 * ROOM and USER are URI-encoded, or a brace in a name would break that.
 */
export class RoomKeys {
  readonly #head: string;
  readonly #channelTail: string;

  constructor(prefix: string, room: string, channelTail = "") {
    this.#head = `${prefix}:{${encodeURIComponent(room)}}`;
    this.#channelTail = channelTail;
  }

  get meta(): string {
    return `${this.#head}:meta`;
  }

  get log(): string {
    return `${this.#head}:log`;
  }

  get members(): string {
    return `${this.#head}:members`;
  }

  get users(): string {
    return `${this.#head}:users`;
  }

  get events(): string {
    return `${this.#head}:events${this.#channelTail}`;
  }

  once(sender: string, key: string): string {
    return `${this.#head}:once:${encodeURIComponent(sender)}:${key}`;
  }
}

export class Keys {
  readonly #prefix: string;
  readonly #channelTail: string;

  /** `db`: the number of the database the keys are in. */
  constructor(prefix: string, db = 0) {
    this.#prefix = prefix;
    this.#channelTail = db === 0 ? "" : `:${db}`;
  }

  room(room: string): RoomKeys {
    return new RoomKeys(this.#prefix, room, this.#channelTail);
  }

  get leases(): string {
    return `${this.#prefix}:nodes:{nodes}:leases`;
  }

  get reaping(): string {
    return `${this.#prefix}:nodes:{nodes}:reaping`;
  }

  get run(): string {
    return `${this.#prefix}:nodes:{nodes}:run`;
  }

  roomsOf(lease: string): string {
    return `${this.#prefix}:node:${lease}`;
  }

  status(user: string): string {
    return `${this.#prefix}:status:{status}:${user}`;
  }

  /** The list, the hash and the set of a user's inbox. */
  inbox(user: string): [ids: string, notes: string, unread: string] {
    const head = `${this.#prefix}:inbox:{${encodeURIComponent(user)}}`;
    return [`${head}:ids`, `${head}:notes`, `${head}:unread`];
  }

  groups(user: string): string {
    return `${this.#prefix}:groups:${user}`;
  }

  block(user: string): string {
    return `${this.#prefix}:block:${user}`;
  }

  control(node: string): string {
    return `${this.#prefix}:control:${node}${this.#channelTail}`;
  }
}
