/** Values by key in a JSON file, read and written as a whole each time: the slowest store there is, and one that stays. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";

export class JsonFile<Value> {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  get(key: string): Value | undefined {
    return this.#read().get(key);
  }

  set(key: string, value: Value): void {
    writeFileSync(this.#path, JSON.stringify([...this.#read().set(key, value)]));
  }

  delete(key: string): boolean {
    const all = this.#read();
    const wasThere = all.delete(key);
    writeFileSync(this.#path, JSON.stringify([...all]));
    return wasThere;
  }

  #read(): Map<string, Value> {
    return new Map(existsSync(this.#path) ? JSON.parse(readFileSync(this.#path, "utf8")) : []);
  }
}
