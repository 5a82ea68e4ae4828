/**
 * A browser for the tests of the demo pages, a server in demo mode, and what every page is held to.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { assertEquals } from "@std/assert";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import type { ServerOptions } from "../../src/mod.ts";
import { TestServer } from "../e2e/test_server.ts";

const QUIET = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

export const DESKTOP: BrowserContextOptions = { viewport: { width: 1280, height: 800 } };
export const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};

export async function withBrowser(run: (browser: Browser) => Promise<void>): Promise<void> {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, args: QUIET });
  try {
    await run(browser);
  } finally {
    await browser.close();
  }
}

/** With a server in demo mode. */
export async function withDemo(
  run: (browser: Browser, server: TestServer) => Promise<void>,
  options: ServerOptions = {},
): Promise<void> {
  await using server = await TestServer.open({ demo: true, jwtSecret: undefined, ...options });
  await withBrowser((browser) => run(browser, server));
}

/** What a page complains about, from now on; lost connections are no complaint. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() !== "error" || /net::ERR_|WebSocket connection/.test(message.text())) return;
    complaints.push(message.text());
  });
  page.on("request", (request) => {
    if (!/^(data:|https?:\/\/127\.0\.0\.1[:/])/.test(request.url())) complaints.push(`foreign: ${request.url()}`);
  });
  return complaints;
}

interface Violation {
  id: string;
  nodes: { html: string }[];
}

/** Needs a context with `bypassCSP`: axe is brought in past the page's own policy. */
export async function assertAccessible(page: Page, where: string): Promise<void> {
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  const { violations } = await page.evaluate("axe.run()") as { violations: Violation[] };
  assertEquals(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`), [], where);
}

export async function assertFits(page: Page, where: string): Promise<void> {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assertEquals(Math.max(0, overflow), 0, `${where}: ${overflow} px too wide`);
}

/** For a look at a page, if somebody asked for pictures. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png` });
}
