/**
 * One look: both demo pages have the same colours and type in light and in dark, lead to each other, and keep what was
 * chosen on the other one.
 */
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { assertAccessible, complaintsOf, DESKTOP, PHONE, withDemo } from "./browser.ts";

const SLOW = { timeout: 60_000 };

/** What the browser makes of it: ground, ink, accent, the main button, type. */
function lookOf(page: Page): Promise<Record<string, string>> {
  return page.evaluate(() => {
    const styleOf = (selector: string) => getComputedStyle(document.querySelector(selector)!);
    const { backgroundColor: ground, color: ink, fontFamily: type, fontSize: size } = styleOf("body");
    const { color: accent, backgroundColor: tint } = styleOf('nav [aria-current="page"]');
    const { backgroundColor: primary, color: onPrimary, borderRadius: corner } = styleOf("button.primary");
    const { backgroundColor: field, borderColor: line } = styleOf("input.field");
    return { ground, ink, type, size, accent, tint, primary, onPrimary, corner, field, line };
  });
}

test("both pages have one look, and it is another one in the dark", SLOW, () =>
  withDemo(async (browser, server) => {
    const grounds = new Set<string>();
    for (const colorScheme of ["light", "dark"] as const) {
      for (const form of [DESKTOP, PHONE]) {
        const page = await (await browser.newContext({ ...form, colorScheme })).newPage();
        await page.goto(server.url("/"));
        await page.locator('.pane[data-dialect="envelope"] button.primary').waitFor();
        const look = await lookOf(page);
        await page.goto(server.url("/chat"));
        await page.getByLabel("Your name").waitFor();
        assertEquals(await lookOf(page), look, colorScheme);
        grounds.add(look.ground!);
        await page.context().close();
      }
    }
    assertEquals(grounds.size, 2);
  }));

test("the pages lead to each other, by keyboard too", SLOW, () =>
  withDemo(async (browser, server) => {
    for (const form of [DESKTOP, PHONE]) {
      const page = await (await browser.newContext(form)).newPage();
      await page.goto(server.url("/"));
      const nav = page.getByRole("navigation", { name: "Pages" });
      assertEquals(await nav.locator('[aria-current="page"]').textContent(), "Dialects");
      await nav.getByRole("link", { name: "Chat" }).click();
      await page.waitForURL(server.url("/chat"));
      assertEquals(await nav.locator('[aria-current="page"]').textContent(), "Chat");
      await nav.getByRole("link", { name: "Dialects" }).focus();
      await page.keyboard.press("Enter");
      await page.waitForURL(server.url("/"));
      await page.locator(".pane").first().waitFor();
      await page.context().close();
    }
  }));

test(
  "the pages work under a path that a proxy in front does not strip",
  SLOW,
  () =>
    withDemo(async (browser, server) => {
      const page = await (await browser.newContext()).newPage();
      const complaints = complaintsOf(page);
      await page.goto(server.url("/rt"));
      await page.locator('.pane[data-state="online"]').first().waitFor();
      await page.getByRole("link", { name: "Chat" }).click();
      await page.waitForURL(server.url("/rt/chat"));
      await page.getByLabel("Your name").fill("Ann");
      await page.keyboard.press("Enter");
      await page.getByLabel(/^Message to/).fill("under a path");
      await page.keyboard.press("Enter");
      await page.locator(".message.mine", { hasText: "under a path" }).waitFor();
      await page.getByRole("link", { name: "Dialects" }).click();
      await page.waitForURL(server.url("/rt/"));
      assertEquals(complaints, []);
    }, { basePath: "/rt" }),
);

test(
  "light or dark, once chosen, holds on both pages and after a reload",
  SLOW,
  () =>
    withDemo(async (browser, server) => {
      const page = await (await browser.newContext({ colorScheme: "light" })).newPage();
      const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      await page.goto(server.url("/"));
      const light = await ground();
      await page.getByRole("button", { name: "Switch between light and dark" }).click();
      const dark = await ground();
      assert(light !== dark);
      await page.goto(server.url("/chat"));
      await page.getByLabel("Your name").waitFor();
      assertEquals(await ground(), dark);
      await page.getByRole("button", { name: "Switch between light and dark" }).click();
      await page.reload();
      await page.getByLabel("Your name").waitFor();
      assertEquals(await ground(), light);
    }),
);

test(
  "people can be read in each of their colours, in light and in dark",
  SLOW,
  () =>
    withDemo(async (browser, server) => {
      for (const colorScheme of ["light", "dark"] as const) {
        const page = await (await browser.newContext({ colorScheme, bypassCSP: true })).newPage();
        await page.goto(server.url("/chat"));
        await page.getByLabel("Your name").waitFor();
        await page.evaluate(() => {
          const people = Array.from({ length: 8 }, (_, hue) => {
            const line = document.createElement("p");
            const face = Object.assign(document.createElement("span"), { className: `avatar hued hue-${hue}` });
            const name = Object.assign(document.createElement("strong"), { className: `by hued hue-${hue}` });
            face.textContent = `A${hue}`;
            name.textContent = `Person ${hue}`;
            line.append(face, name);
            return line;
          });
          document.querySelector("form")!.append(...people);
        });
        await assertAccessible(page, colorScheme);
        await page.context().close();
      }
    }),
);
