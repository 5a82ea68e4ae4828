/**
 * The banner of the example chat: why there is no connection, in plain words and in those of the server, and when the
 * next try is. `SCREENSHOTS=<folder>` leaves pictures there.
 */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { FaultProxy } from "../client/fault_proxy.ts";
import { ADMIN_KEY, callAsAdmin } from "../e2e/http_calls.ts";
import { eventually } from "../harness.ts";
import { assertAccessible, assertFits, DESKTOP, PHONE, picture, withDemo } from "./browser.ts";
import { Person } from "./person.ts";

const SLOW = { timeout: 90_000 };
const PATIENCE = { withinMs: 20_000, everyMs: 50 };

async function says(page: Page, ...words: RegExp[]): Promise<void> {
  await eventually(async () => {
    const text = (await page.locator(".banner").allInnerTexts()).join("\n");
    const missing = words.find((word) => !word.test(text));
    if (missing) throw new Error(`${missing} is not in: ${text}`);
    return true;
  }, PATIENCE);
}

/** In one step: the client may try by itself just then, and the button is gone. */
async function tryNow(page: Page): Promise<void> {
  await page.evaluate(() => document.querySelector<HTMLButtonElement>(".banner button")?.click());
}

async function isSilent(page: Page): Promise<void> {
  await page.locator(".banner").waitFor({ state: "detached" });
}

test(
  "a full server is told with its own words, and when the next try is",
  SLOW,
  () =>
    withDemo(async (browser, server) => {
      const ann = await Person.enter(browser, server.url(""), "Ann");
      const page = await (await browser.newContext({ ...PHONE, colorScheme: "dark", bypassCSP: true })).newPage();
      await page.goto(server.url("/chat"));
      await page.getByLabel("Your name").fill("Bob");
      await page.keyboard.press("Enter");
      await says(page, /The server is full\./, /the limit of 1 connections is reached/, /Next try in \d+ s\./);
      await assertAccessible(page, "the banner on a phone in the dark");
      await assertFits(page, "the banner on a phone");
      await picture(page, "banner-phone-dark");
      await ann.page.close();
      await eventually(() => server.parley.getClientCount() === 0, PATIENCE);
      await tryNow(page);
      await isSilent(page);
    }, { websocketMaxConnections: 1 }),
);

test(
  "who is blocked learns that it was a moderator, and for how long",
  SLOW,
  () =>
    withDemo(async (browser, server) => {
      const ann = await Person.enter(browser, server.url(""), "Ann", { ...DESKTOP, bypassCSP: true });
      const block = { blockSeconds: 600 };
      assertEquals((await callAsAdmin(server, "POST /websocket/users/Ann/disconnect", { body: block })).status, 200);
      await says(ann.page, /A moderator keeps you out\./);
      await tryNow(ann.page);
      await says(ann.page, /A moderator keeps you out\./, /blocked for \d+ s more/);
      await assertAccessible(ann.page, "the banner of one who stays out");
      await picture(ann.page, "banner-desktop-light");
    }, { adminToken: ADMIN_KEY }),
);

test("a login that is not accepted is told with the reason", SLOW, () =>
  withDemo(async (browser, server) => {
    await using proxy = await FaultProxy.open(server.parley.ports[0]);
    const ann = await Person.enter(browser, `http://127.0.0.1:${proxy.port}`, "Ann");
    await ann.page.route("**/demo/token", (route) => route.fulfill({ json: { token: "not.a.token" } }));
    proxy.cut();
    await says(ann.page, /The server does not accept your login\./, /not a JSON Web Token/);
    await ann.page.locator(".banner.ended").waitFor();
    await ann.page.unroute("**/demo/token");
    await tryNow(ann.page);
    await isSilent(ann.page);
  }));

test(
  "a server that goes away, that is gone, and one that cannot be reached are told apart",
  SLOW,
  () =>
    withDemo(async (browser, server) => {
      await using proxy = await FaultProxy.open(server.parley.ports[0]);
      const ann = await Person.enter(browser, `http://127.0.0.1:${proxy.port}`, "Ann");
      const { page } = ann;
      const answered = page.waitForResponse("**/demo/token");
      proxy.cut();
      const token = await (await answered).text();
      await isSilent(page);

      await page.route("**/demo/token", (route) => route.fulfill({ contentType: "application/json", body: token }));
      proxy.isRefusing = true;
      proxy.cut();
      await says(page, /The server cannot be reached\./, new RegExp(`127.0.0.1:${proxy.port}`), /Next try in \d+ s\./);
      proxy.isRefusing = false;
      await tryNow(page);
      await isSilent(page);

      // Nobody answers, so that what was said last stays.
      await page.route("**/demo/token", () => undefined);
      await server.parley.stop();
      await says(page, /The server is about to restart\./);
      await page.unroute("**/demo/token");
      await says(page, /You could not be logged in\./, /the server does not answer/, /Next try in \d+ s\./);
      assertEquals(ann.complaints, []);
    }),
);
