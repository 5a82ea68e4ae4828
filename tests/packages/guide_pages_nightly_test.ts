/**
 * The chat page of docs/client.md in the other frameworks: Next, Vue and Svelte, each through what React is put through in
 * guide_pages_test.ts. A framework that npm cannot bring is skipped, and says so.
 */
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { served } from "./browser_chat.ts";
import { GuideServer, liveThroughAll } from "./guide_server.ts";
import { NEXT, nextSite } from "./next_site.ts";
import { AT_NIGHT, UserFolder } from "./user_folder.ts";

const TYPES = ["typescript@7.0.2", "@types/react@19.3.0", "@types/react-dom@19.3.0"];
const COMPILERS = {
  vue: ["vue@3.5.45", "@vitejs/plugin-vue@6.0.11"],
  svelte: ["svelte@5.57.3", "@sveltejs/vite-plugin-svelte@7.3.1"],
};

let folder: UserFolder;
after(() => folder?.[Symbol.dispose]());

test("pages at night: npm installs the tarball", AT_NIGHT, async () => {
  folder = new UserFolder("pages");
  await folder.install("client");
});

/** Whether npm has brought it; if not, the test is counted as skipped. */
async function has(t: TestContext, ...packages: string[]): Promise<boolean> {
  try {
    await folder.npm("install", "--save-exact", ...packages);
    return true;
  } catch (error) {
    t.skip(`npm cannot bring ${packages.join(", ")}: ${error}`);
    return false;
  }
}

for (const framework of ["vue", "svelte"] as const) {
  test(`pages at night: the handbook's page in ${framework} says what is the matter`, AT_NIGHT, async (t) => {
    if (!await has(t, ...COMPILERS[framework])) return;
    await using server = await GuideServer.open();
    folder.writeGuide(framework, server.proxy.port);
    await folder.script("vite/bin/vite.js", "build", framework, "--logLevel=error");
    await using page = await served(join(folder.path, framework, "dist"));
    await liveThroughAll(page.origin, server);
  });
}

test("pages at night: the handbook's page in Next says what is the matter", AT_NIGHT, async (t) => {
  if (!await has(t, NEXT, ...TYPES)) return;
  await using server = await GuideServer.open();
  folder.writeGuide("react", server.proxy.port);
  await using site = await nextSite(folder);
  await liveThroughAll(site.origin, server);
});
