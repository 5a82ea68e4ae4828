/**
 * A real browser that says hello on a page of tests/packages/users/, and files over HTTP for pages that need nothing else.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { withBrowser } from "../browser/browser.ts";

/** Opens the page, waits until it is in the room, and until it has heard itself. `at`: where it chats, and as whom. */
export async function chatInBrowser(page: string, at: { url: string; token: string }): Promise<void> {
  await withBrowser(async (browser) => {
    const tab = await browser.newPage();
    await tab.goto(`${page}/?${new URLSearchParams(at)}`);
    await tab.getByText("in the room", { exact: true }).waitFor();
    await tab.getByRole("button", { name: "Say hello" }).click();
    await tab.getByRole("listitem").filter({ hasText: "hello" }).last().waitFor();
  });
}

const TYPES: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

/** The files of a folder. */
export async function served(root: string): Promise<AsyncDisposable & { origin: string }> {
  const http = createServer((request, response) => {
    const path = new URL(request.url!, "http://localhost").pathname;
    const file = join(root, path === "/" ? "index.html" : path);
    response.setHeader("content-type", TYPES[extname(file)] ?? "text/plain");
    response.end(readFileSync(file));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
