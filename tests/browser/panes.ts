/**
 * The demo page at `/` as its tests use it: two panes, and guests who come into the same room.
 */
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import type { JsonClient, TestServer } from "../e2e/test_server.ts";
import { complaintsOf } from "./browser.ts";

const PATIENCE_MS = 15_000;

/** One pane of the page. */
export class Pane {
  readonly root: Locator;

  constructor(page: Page, index: number) {
    this.root = page.locator(".pane").nth(index);
  }

  find(selector: string): Locator {
    return this.root.locator(selector);
  }

  async shows(selector: string, text: string | RegExp): Promise<void> {
    await this.find(selector).filter({ hasText: text }).first().waitFor({ timeout: PATIENCE_MS });
  }

  async say(text: string): Promise<void> {
    await this.find(".say input").fill(text);
    await this.find(".say input").press("Enter");
  }

  /** And finds so many people there. */
  async speak(dialect: string, here = 2): Promise<void> {
    await this.find(".choice").selectOption(dialect);
    await this.shows(".note", `speaking ${dialect}`);
    await this.shows(".state", `${here} here`);
  }

  texts(selector: string): Promise<string[]> {
    return this.find(selector).allTextContents();
  }
}

export interface Opened {
  page: Page;
  left: Pane;
  right: Pane;
  /** What the page complained about. */
  complaints: string[];
}

export async function openDialects(
  browser: Browser,
  server: TestServer,
  options: BrowserContextOptions = {},
): Promise<Opened> {
  const page = await (await browser.newContext(options)).newPage();
  const complaints = complaintsOf(page);
  await page.goto(server.url("/"));
  const [left, right] = [new Pane(page, 0), new Pane(page, 1)];
  for (const pane of [left, right]) await pane.shows(".state", "2 here");
  return { page, left, right, complaints };
}

/** With the name the server tells it. */
export async function enterAsGuest(server: TestServer): Promise<{ client: JsonClient; name: string }> {
  const client = await server.client("/ws/lobby");
  return { client, name: String((await client.hear({ type: "join" })).username) };
}
