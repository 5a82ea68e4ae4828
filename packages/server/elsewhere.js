/** What other runtimes get, which could not run the server: the names of dist/mod.js, and why not. */
export function createServer() {
  return Promise.reject(new ParleyError("unavailable", "Cannot start parley-server: it runs on Bun and on Deno"));
}

export class ParleyServer {}

export class ParleyError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}
