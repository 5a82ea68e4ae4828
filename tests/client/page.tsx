/**
 * A page for React tests: a document of happy-dom, and components mounted in it under Strict Mode.
 *
 * The globals are put up by `openPage` and taken away by `close`, so that tests in the same process do not believe to be
 * in a browser. React is loaded after that, because it looks at its surroundings when it is loaded.
 */
import { Window } from "happy-dom";
import type { ReactNode } from "react";

const GLOBALS = [
  ...["window", "document", "Node", "Element", "HTMLElement", "HTMLIFrameElement", "DocumentFragment", "SVGElement"],
  ...["MutationObserver", "getComputedStyle", "Text", "Comment", "ShadowRoot", "HTMLInputElement"],
];

export interface Mounted {
  readonly container: HTMLElement;
  text(): string;
  rerender(node: ReactNode): Promise<void>;
  unmount(): Promise<void>;
}

export interface Page {
  /** Strict Mode unless told otherwise. */
  mount(node: ReactNode, strict?: boolean): Promise<Mounted>;
  /** Runs something, and what React does because of it. */
  act(run: () => unknown): Promise<void>;
  close(): Promise<void>;
}

/** `isLive`: things happen by themselves, as against a real server; then React renders when it likes, and tests wait. */
export async function openPage({ isLive = false } = {}): Promise<Page> {
  const window = new Window({ url: "http://localhost/" });
  const world = globalThis as Record<string, unknown>;
  const added = GLOBALS.filter((name) => !(name in world));
  for (const name of added) {
    const value = name === "window" ? window : Reflect.get(window, name);
    Object.defineProperty(world, name, { value, configurable: true, writable: true });
  }
  world.IS_REACT_ACT_ENVIRONMENT = !isLive;
  const React = await import("react");
  const { createRoot } = await import("react-dom/client");
  const act = async (run: () => unknown) => {
    if (isLive) await run();
    else await React.act(async () => void await run());
  };
  const open: Mounted[] = [];
  return {
    act,
    async mount(node, strict = true) {
      const container = document.body.appendChild(document.createElement("div"));
      const root = createRoot(container);
      const wrap = (inner: ReactNode) => strict ? <React.StrictMode>{inner}</React.StrictMode> : inner;
      let isMounted = true;
      const mounted: Mounted = {
        container,
        text: () => container.textContent ?? "",
        rerender: (inner) => act(() => root.render(wrap(inner))),
        async unmount() {
          if (isMounted) await act(() => root.unmount());
          isMounted = false;
        },
      };
      open.push(mounted);
      await mounted.rerender(node);
      return mounted;
    },
    async close() {
      for (const mounted of open) await mounted.unmount();
      await window.happyDOM.close();
      for (const name of [...added, "IS_REACT_ACT_ENVIRONMENT"]) delete world[name];
    },
  };
}
