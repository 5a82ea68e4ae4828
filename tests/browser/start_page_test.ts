/**
 * The page of docs/start.md that uses the client which the server hands out, served from another origin.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { TestServer } from "../e2e/test_server.ts";
import { atPort, HTML } from "../start_page.ts";
import { complaintsOf, withBrowser } from "./browser.ts";

test("the page of docs/start.md shows what was said and what is said", { timeout: 60_000 }, async () => {
  await using server = await TestServer.open();
  const html = atPort(HTML, server.parley.port).replace('"TOKEN"', JSON.stringify(await server.token("ann")));
  const pages = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end(
      html.replace("<ol", '<link rel="icon" href="data:,"><ol'),
    );
  });
  await new Promise<void>((resolve) => pages.listen(0, "127.0.0.1", resolve));
  try {
    const guest = await server.client("/ws/tea");
    const { username } = await guest.ask({ type: "message", content: "before" }, { type: "message" });
    await withBrowser(async (browser) => {
      const page = await browser.newPage();
      const complaints = complaintsOf(page);
      await page.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}`);
      await page.getByText(`${username}: before`).waitFor();
      await page.getByLabel("Message").fill("from a page");
      await page.keyboard.press("Enter");
      await page.getByText("ann: from a page").waitFor();
      guest.say({ type: "message", content: "after" });
      await page.getByText(`${username}: after`).waitFor();
      assertEquals(complaints, []);
    });
  } finally {
    pages.close();
    pages.closeAllConnections();
  }
});
