/**
 * The hooks of the Socket.IO guide in a real browser, React and the client's own build included, from a foreign origin.
 */
import process from "node:process";
import { test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { type Browser, chromium, type Page } from "playwright-core";
import { SocketioClients } from "../e2e/socketio_clients.ts";
import { TestServer } from "../e2e/test_server.ts";
import { eventually } from "../harness.ts";
import { PageServer } from "./page_server.ts";

const SLOW = { timeout: 60_000 };
const PATIENCE = { withinMs: 15_000 };
const conversationId = "order-7";

async function inBrowser(run: (browser: Browser) => Promise<void>): Promise<void> {
  const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  try {
    await run(browser);
  } finally {
    await browser.close();
  }
}

async function openPage(browser: Browser, origin: string, server: TestServer, token: string): Promise<Page> {
  const page = await browser.newPage();
  const query = new URLSearchParams({ server: server.url(""), token });
  await page.goto(`${origin}/?${query}`);
  return page;
}

function shows(page: Page, id: string, text: string): Promise<unknown> {
  return eventually(async () => await page.textContent(`#${id}`) === text, PATIENCE);
}

test("the guide's hooks work against Parley", SLOW, async () => {
  await using pages = await PageServer.start(new URL("./use_realtime.js", import.meta.url));
  await using server = await TestServer.open();
  server.parley.on("customEvent", (from, data) => {
    void server.parley.sendToClient(from.id, { type: "customEvent", data });
  });
  await using clients = new SocketioClients(server);
  await inBrowser(async (browser) => {
    const page = await openPage(browser, pages.origin, server, await server.token("ann"));
    await shows(page, "status", "Status: Connected");
    await shows(page, "messages-status", "Connected");
    await eventually(() => server.parley.getRoom(conversationId).length === 1);

    await page.click("#send-data");
    await eventually(async () => /^Hello! over/.test(await page.textContent("#received") ?? ""), PATIENCE);
    // By then the client has left polling behind, or does so now.
    await eventually(async () => {
      await page.click("#send-data");
      return await page.textContent("#received") === "Hello! over websocket";
    }, PATIENCE);

    const bob = await clients.connect("bob");
    await bob.ask("joinConversation", { conversationId });
    await page.click("#send-message");
    assertEquals((await bob.hear("newMessage")).content, "from the page");
    bob.say("typing", { conversationId });
    await shows(page, "typing", "bob types");
    bob.say("sendMessage", { conversationId, content: "hello page" });
    await shows(page, "messages", "ann: from the pagebob: hello page");

    await server.parley.sendToUser("ann", { type: "notification", data: { title: "Order shipped" } });
    await shows(page, "toast", "Order shipped");
    await shows(page, "badge", "1");
    await page.click("#read");
    await shows(page, "badge", "0");
    await page.close();
  });
  await eventually(() => server.parley.getClientCount() === 1);
});

test("the guide's hooks come back when the server does, and a bad token is an error they can read", SLOW, async () => {
  await using pages = await PageServer.start(new URL("./use_realtime.js", import.meta.url));
  const first = await TestServer.open();
  const { port } = first.parley;
  await inBrowser(async (browser) => {
    const page = await openPage(browser, pages.origin, first, await first.token("ann"));
    await shows(page, "status", "Status: Connected");
    await first.parley.stop();
    await shows(page, "status", "Status: Disconnected");
    await using second = await TestServer.open({ ports: [port] });
    await shows(page, "status", "Status: Connected");
    await shows(page, "messages-status", "Connected");
    await eventually(() => second.parley.getRoom(conversationId).length === 1, PATIENCE);
    await page.close();

    const refused = await openPage(browser, pages.origin, second, "bad");
    await eventually(async () => await refused.textContent("#error") !== "", PATIENCE);
    assertMatch(await refused.textContent("#error") ?? "", /authentication failed/);
    await refused.close();
  });
});
