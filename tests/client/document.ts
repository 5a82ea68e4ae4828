/**
 * A document of happy-dom in the place where a browser has its own. Frameworks look for it when they are loaded, so they
 * are to be loaded after it is opened; once closed, tests in the same process do not believe to be in a browser.
 */
import { Window } from "happy-dom";

const GLOBALS = [
  ...["window", "document", "Node", "Element", "HTMLElement", "HTMLIFrameElement", "DocumentFragment", "SVGElement"],
  ...["MutationObserver", "getComputedStyle", "Text", "Comment", "ShadowRoot", "HTMLInputElement", "HTMLMediaElement"],
];

/** Returns how to close it. */
export function openDocument(): () => Promise<void> {
  const window = new Window({ url: "http://localhost/" });
  const world = globalThis as Record<string, unknown>;
  const added = GLOBALS.filter((name) => !(name in world));
  for (const name of added) {
    const value = name === "window" ? window : Reflect.get(window, name);
    Object.defineProperty(world, name, { value, configurable: true, writable: true });
  }
  return async () => {
    await window.happyDOM.close();
    for (const name of added) delete world[name];
  };
}
