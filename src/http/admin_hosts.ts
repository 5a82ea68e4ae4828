/**
 * Under which names the admin port answers a request without a credential. A page can be given a name whose address
 * changes to that of this machine or its network: then it asks with that name as Host, and may read what comes.
 *
 * For the admin port only. Nobody outside can make a name that is accepted here lead anywhere.
 */
import { isIP } from "node:net";
import { ParleyError } from "../errors.ts";
import { cutText } from "../unicode.ts";

/** Names that belong to no zone of the public DNS. */
const PRIVATE_ZONE = /\.(local|internal|localhost)$/;

export class AdminHosts {
  readonly #listed: ReadonlySet<string>;

  constructor(listed: readonly string[]) {
    this.#listed = new Set(listed.map(nameOf));
  }

  /** Throws `forbidden` for a Host that may be anybody's, unless whoever asks proves with a credential who it is. */
  async check(headers: Headers, prove: () => Promise<unknown>): Promise<void> {
    const host = nameOf(headers.get("host") ?? "");
    if (isIP(host) > 0 || !host.includes(".") || PRIVATE_ZONE.test(host) || this.#listed.has(host)) return;
    try {
      await prove();
    } catch (error) {
      if (!(error instanceof ParleyError && error.code === "unauthorized")) throw error;
      const shown = cutText(host, 100);
      throw new ParleyError("forbidden", `Cannot answer at "${shown}": name it in ADMIN_HOSTS, or send a credential`);
    }
  }
}

/** Without port, brackets and a last dot, in lower case. */
function nameOf(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, "").replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
}
