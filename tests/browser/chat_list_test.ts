/**
 * The list of messages of the example chat: by keyboard, and where it stands while others write.
 */
import { test } from "node:test";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { eventually } from "../harness.ts";
import { DESKTOP, PHONE, withDemo } from "./browser.ts";
import { Person } from "./person.ts";

const SLOW = { timeout: 90_000 };
const PATIENCE = { withinMs: 15_000 };

test("the list of messages is one stop of Tab; arrows go through it", SLOW, () =>
  withDemo(async (browser, server) => {
    const ann = await Person.enter(browser, server.url(""), "Ann", DESKTOP);
    for (const text of ["first", "second", "third"]) {
      await ann.say(text);
      await ann.sees(text);
    }
    const { page } = ann;
    await page.keyboard.press("Shift+Tab");
    const focused = () =>
      page.evaluate("document.activeElement.closest('article')?.querySelector('.bubble').textContent");
    assertEquals(await focused(), "third");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowUp");
    assertEquals(await focused(), "first");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await ann.message("first").getByRole("button", { name: "❤️ 1" }).waitFor();
    await page.keyboard.press("Tab");
    assert(await focused() !== "second", "the next stop is not the next message");
  }));

test(
  "the list stays at its end while one is there, and where the reader is while others write",
  SLOW,
  () =>
    withDemo(async (browser, server) => {
      const ann = await Person.enter(browser, server.url(""), "Ann", PHONE);
      for (let n = 0; n < 30; n++) await ann.say(`line ${n}`);
      await ann.sees("line 29");
      const bob = await Person.enter(browser, server.url(""), "Bob");
      const isAtEnd = async () => {
        const list = (await ann.page.getByRole("log").boundingBox())!;
        const last = (await ann.page.getByRole("article").last().boundingBox())!;
        return last.y + last.height < list.y + list.height;
      };
      await eventually(isAtEnd, PATIENCE);
      await bob.message("line 29").hover();
      await bob.message("line 29").getByRole("button", { name: "React with 👍" }).click();
      await ann.page.getByRole("button", { name: "👍 1" }).waitFor();
      await eventually(isAtEnd, PATIENCE);

      await ann.message("line 5").scrollIntoViewIfNeeded();
      await ann.page.getByRole("button", { name: "To the latest message" }).waitFor();
      const place = async () => (await ann.message("line 5").boundingBox())!.y;
      const before = await place();
      await bob.say("said below");
      await ann.sees("said below");
      assertAlmostEquals(await place(), before, 1);
      await ann.page.getByRole("button", { name: "To the latest message" }).tap();
      await eventually(isAtEnd, PATIENCE);
      await eventually(async () => await ann.page.getByRole("button", { name: "To the latest message" }).count() === 0);
    }),
);
