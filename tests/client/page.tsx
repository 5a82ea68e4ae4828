/**
 * A page for React tests: a document, and components mounted in it under Strict Mode.
 *
 * React is loaded after the document is there, because it looks at its surroundings when it is loaded.
 */
import type { ReactNode } from "react";
import { openDocument } from "./document.ts";

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
  const closeDocument = openDocument();
  const world = globalThis as Record<string, unknown>;
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
          // Even live: its last effects must not be left for a time when there is no document any more.
          world.IS_REACT_ACT_ENVIRONMENT = true;
          if (isMounted) await React.act(() => Promise.resolve(root.unmount()));
          world.IS_REACT_ACT_ENVIRONMENT = !isLive;
          isMounted = false;
        },
      };
      open.push(mounted);
      await mounted.rerender(node);
      return mounted;
    },
    async close() {
      for (const mounted of open) await mounted.unmount();
      await closeDocument();
      delete world.IS_REACT_ACT_ENVIRONMENT;
    },
  };
}
