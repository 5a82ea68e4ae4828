/**
 * Which web pages may connect, and whose cookies count.
 *
 * A page of a foreign origin can open a WebSocket with the visitor's cookies, so `*` admits the connection but not the
 * cookie: that needs the server's own host, or an origin listed by name or pattern.
 */
export class Origins {
  readonly #patterns: readonly string[];

  /** Origins, `*`, or patterns like `https://*.example.com`. */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map(canonical);
  }

  /** A request without `Origin` is not a page's. */
  admits(origin: string | null): boolean {
    return origin === null || this.#patterns.includes("*") || this.#lists(origin);
  }

  /** `listed` pages may send cookies, `open` ones may connect without them. `host` is the request's own. */
  trustOf(origin: string, host: string): "listed" | "open" | "refused" {
    if (this.trustsCookies(origin, host)) return "listed";
    return this.admits(origin) ? "open" : "refused";
  }

  trustsCookies(origin: string | null, host: string | null): boolean {
    if (origin === null) return true;
    return this.#lists(origin) || (host !== null && isSame(origin, host));
  }

  #lists(origin: string): boolean {
    const wanted = canonical(origin);
    return this.#patterns.some((pattern) => pattern !== "*" && fits(pattern, wanted));
  }
}

/** One `*` stands for one or more labels of the host. */
function fits(pattern: string, origin: string): boolean {
  const star = pattern.indexOf("*");
  if (star < 0) return pattern === origin;
  const head = pattern.slice(0, star);
  const tail = pattern.slice(star + 1);
  const middle = origin.slice(head.length, origin.length - tail.length);
  return origin.startsWith(head) && origin.endsWith(tail) && /^[a-z0-9.-]+$/.test(middle);
}

/** A proxy may name the port of its scheme in `Host`, which browsers leave out of `Origin`. */
function isSame(origin: string, host: string): boolean {
  const [scheme] = /^[a-z][a-z0-9+.-]*:\/\/(?=[^/?#@\s]+$)/i.exec(origin) ?? [];
  return scheme !== undefined && canonical(origin) === canonical(`${scheme}${host}`);
}

/** In lower case, and without the port that its scheme has anyway. */
function canonical(origin: string): string {
  return origin.toLowerCase().replace(/^(https:.*):443$|^(http:.*):80$/, "$1$2");
}
