/**
 * The demo page is for everybody: by keyboard, for screen readers, in the colours of every dialect, light and dark.
 */
import { test } from "node:test";
import { assert } from "@std/assert";
import type { BrowserContextOptions } from "playwright-core";
import { assertAccessible, assertFits, DESKTOP, PHONE, withDemo } from "./browser.ts";
import { openDialects } from "./panes.ts";

const SLOW = { timeout: 90_000 };

test("the page works by keyboard, and for screen readers, in light and dark, wide and narrow", SLOW, async () => {
  await withDemo(async (browser, server) => {
    const looks: BrowserContextOptions[] = [
      { ...DESKTOP, colorScheme: "light" },
      { ...PHONE, colorScheme: "dark" },
    ];
    for (const options of looks) {
      const { page, left, right } = await openDialects(browser, server, { ...options, bypassCSP: true });
      await page.keyboard.type("by keyboard");
      await page.keyboard.press("Enter");
      await right.shows(".bubble", "by keyboard");
      for (const dialect of ["envelope", "socketio", "kebab", "snake", "plain"]) {
        await left.find(".choice").selectOption(dialect);
        await left.shows(".state", "2 here");
        await assertAccessible(page, `${dialect}, ${options.colorScheme}`);
      }
      await assertFits(page, String(options.colorScheme));
      if (options.isMobile) {
        await left.find(".tabs button").nth(1).click();
        const frames = left.find(".frames");
        await frames.waitFor();
        const [list, last] = [await frames.boundingBox(), await frames.locator("li").last().boundingBox()];
        assert(last!.y + last!.height <= list!.y + list!.height, "at its end");
      }
    }
  });
});
