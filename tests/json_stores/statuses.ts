/** What users last said of themselves, in a JSON file. */
import type { UserPresence } from "../../src/message.ts";
import type { StatusStore } from "../../src/stores.ts";
import type { JsonFile } from "./json_file.ts";

const GRACE_MS = 60_000;
const GUEST_MS = 3_600_000;

interface Said {
  presence: UserPresence;
  /** Absent: not while the user is connected. */
  expiresAt?: number;
}

export class JsonStatuses implements StatusStore {
  readonly #file: JsonFile<Said>;
  readonly #now: () => number;

  constructor(file: JsonFile<Said>, now: () => number) {
    this.#file = file;
    this.#now = now;
  }

  of(user: string): UserPresence | undefined {
    const said = this.#file.get(user);
    return said && (said.expiresAt ?? Infinity) > this.#now() ? said.presence : undefined;
  }

  set(user: string, presence: UserPresence, isConnected: boolean): boolean {
    const known = this.of(user);
    if (textOf(known) === textOf(presence)) return false;
    this.#file.set(user, { presence, expiresAt: isConnected ? undefined : this.#now() + GUEST_MS });
    return true;
  }

  arrive(user: string): void {
    const presence = this.of(user);
    if (presence) this.#file.set(user, { presence });
    else this.#file.delete(user);
  }

  depart(user: string): void {
    const presence = this.of(user);
    if (presence) this.#file.set(user, { presence, expiresAt: this.#now() + GRACE_MS });
  }
}

function textOf({ status, metadata }: Omit<UserPresence, "timestamp"> = { status: "online" }): string {
  return JSON.stringify([status, metadata]);
}
