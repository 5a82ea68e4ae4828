/**
 * The pages of Vue and Svelte in docs/client.md show against a real server what they say. In a browser, and through what
 * can happen there, they are in tests/packages/guide_pages_nightly_test.ts.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { eventually, type ServerProcess } from "../harness.ts";
import { openDocument } from "./document.ts";
import { readPage, withSources } from "./page_of_guide.ts";
import { svelteModule } from "./svelte_module.ts";
import { startParley, tokenOf } from "./real_server.ts";

const SLOW = { timeout: 60_000 };
const HERE = fileURLToPath(new URL(".", import.meta.url).href);

let server: ServerProcess;
let close: () => Promise<void>;

before(async () => {
  close = openDocument();
  server = await startParley();
});
after(async () => {
  await close();
  await server[Symbol.asyncDispose]();
});

/** Mounts the page, and returns how to take it away. */
type Open = (element: HTMLElement) => () => unknown;

async function expectShown(open: Open, result: string): Promise<void> {
  const element = document.body.appendChild(document.createElement("div"));
  const closePage = open(element);
  const shown = () => [...element.querySelectorAll("p")].map((line) => line.textContent!.trim()).filter(Boolean);
  try {
    await eventually(() => shown().join("\n") === result.trim() || Promise.reject(new Error(shown().join("\n"))), {
      withinMs: 10_000,
    });
  } finally {
    await closePage();
  }
}

test("docs/client.md: the page of Vue shows what it says", SLOW, async () => {
  const { createApp, h } = await import("vue");
  const { files, result } = readPage("vue", server.port);
  // Inside of the project, where imports of packages are found.
  const folder = mkdtempSync(join(HERE, ".guide-vue-"));
  try {
    for (const [name, source] of Object.entries(files)) {
      writeFileSync(join(folder, `${name}.ts`), await vueModule(name, source));
    }
    const load = async (name: string) => (await import(pathToFileURL(join(folder, name)).href)).default;
    const [App, Chat] = [await load("App.vue.ts"), await load("Chat.vue.ts")];
    await expectShown((element) => {
      const app = createApp(() => h(App, { token: tokenOf("ann") }, () => h(Chat)));
      app.mount(element);
      return () => app.unmount();
    }, result);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** A component of one file as a module, its template included. */
async function vueModule(name: string, source: string): Promise<string> {
  const { compileScript, parse } = await import("vue/compiler-sfc");
  const { descriptor } = parse(source, { filename: name });
  const { content } = compileScript(descriptor, { id: name, inlineTemplate: true });
  return withSources(content).replace(/from "(\.\/\w+\.vue)"/g, 'from "$1.ts"');
}

const SVELTE_ENTRY = `
  import { mount, unmount } from "svelte";
  import Page from "./Page.js";
  export function open(target, token) {
    const page = mount(Page, { target, props: { token } });
    return () => unmount(page);
  }`;
const SVELTE_PAGE = `<script>
    import App from "./App.js";
    import Chat from "./Chat.js";
    let { token } = $props();
  </script>
  <App {token}><Chat /></App>`;

test("docs/client.md: the page of Svelte shows what it says", SLOW, async () => {
  const { files, result } = readPage("svelte", server.port);
  const named = Object.entries(files).map(([name, source]) => [name.replace(".svelte", ""), withSources(source)]);
  const components = { ...Object.fromEntries(named), Page: SVELTE_PAGE };
  const { open } = await svelteModule<{ open(target: HTMLElement, token: string): () => unknown }>({
    components,
    entry: SVELTE_ENTRY,
    on: "client",
  });
  await expectShown((element) => open(element, tokenOf("ann")), result);
});
