/**
 * What a developer finds in the browser console: the client as `__PARLEY__` and `__SOCKET__`, and a log of every frame
 * while `socketDebug` is true. Nothing of it exists where there is no window.
 */

interface DebugWindow {
  __PARLEY__?: unknown;
  __SOCKET__?: unknown;
  socketDebug?: boolean;
}

const page = globalThis as DebugWindow & { window?: unknown };

/** `__SOCKET__` has `emit`, the name that consoles know, beside all that the client has. */
export function expose(client: { signal: (event: string, data?: object) => unknown }): void {
  if (page.window) page.__PARLEY__ = page.__SOCKET__ = Object.assign(client, { emit: client.signal });
}

export function logger(debug: boolean | undefined): (...parts: unknown[]) => void {
  return (...parts) => {
    if (debug || page.socketDebug) console.debug("[parley]", ...parts);
  };
}
