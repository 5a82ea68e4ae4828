/**
 * A path in the form that dialects declare theirs: `/ws/` with a slash that may be left out, `/ws/{room}` with a segment
 * that is handed on by its name. Segments are handed on as they stand in the URL.
 */
export class PathPattern {
  /** As it was declared. */
  readonly path: string;
  /** The paths that match, where no segment is open. */
  readonly literals: readonly string[];
  readonly #names: string[] = [];
  readonly #expression?: RegExp;

  constructor(path: string) {
    this.path = path;
    if (!path.includes("{")) {
      this.literals = path.endsWith("/") && path !== "/" ? [path.slice(0, -1), path] : [path];
      return;
    }
    this.literals = [];
    const parts = path.split(/\{(\w+)\}/).map((part, index) => {
      if (index % 2 === 0) return RegExp.escape(part);
      this.#names.push(part);
      return "([^/]+)";
    });
    this.#expression = new RegExp(`^${parts.join("").replace(/\/$/, "/?")}$`);
  }

  /** The open segments by name; undefined: it is another path. */
  match(path: string): Readonly<Record<string, string>> | undefined {
    if (!this.#expression) return this.literals.includes(path) ? {} : undefined;
    const found = this.#expression.exec(path);
    return found ? Object.fromEntries(this.#names.map((name, index) => [name, found[index + 1]!])) : undefined;
  }
}
