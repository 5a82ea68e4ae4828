/**
 * The chat page of docs/client.md, as its readers build it, in a real browser, through everything that can happen to it.
 * One framework in the usual run; the others are in guide_pages_nightly_test.ts.
 */
import { join } from "node:path";
import { test } from "node:test";
import { served } from "./browser_chat.ts";
import { GuideServer, liveThroughAll } from "./guide_server.ts";
import { ONCE, UserFolder } from "./user_folder.ts";

const SLOW = { ...ONCE, timeout: 300_000 };

test("the handbook's page in React, built by Vite: it says what is the matter, and chats on", SLOW, async () => {
  await using server = await GuideServer.open();
  using folder = new UserFolder("pages");
  folder.writeGuide("react", server.proxy.port);
  await folder.install("client");
  await folder.script("vite/bin/vite.js", "build", "react", "--logLevel=error");
  await using page = await served(join(folder.path, "react/dist"));
  await liveThroughAll(page.origin, server);
});
