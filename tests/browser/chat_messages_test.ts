/**
 * How the example chat shows messages: who said them, where one reacts to them, and what has no text.
 */
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { Locator } from "playwright-core";
import { DESKTOP, PHONE, withDemo } from "./browser.ts";
import { Person } from "./person.ts";

const SLOW = { timeout: 90_000 };
const LONG = "A sentence that goes on and on, so that its bubble becomes as wide as bubbles can be. ".repeat(4).trim();
/** The bar may not be farther from its bubble than this. */
const NEAR_PX = 24;

/** Pixels of empty space between two boxes; 0 where they touch or overlap. */
async function gapBetween(one: Locator, other: Locator): Promise<number> {
  const [a, b] = [await one.boundingBox(), await other.boundingBox()];
  assert(a && b, "both are shown");
  const across = Math.max(0, a.x - b.x - b.width, b.x - a.x - a.width);
  const down = Math.max(0, a.y - b.y - b.height, b.y - a.y - a.height);
  return Math.hypot(across, down);
}

test(
  "two guests are two people with names; a message is grouped with those of its sender alone",
  SLOW,
  () =>
    withDemo(async (browser, server) => {
      const ann = await Person.enter(browser, server.url(""), "Ann");
      const names: string[] = [];
      for (const words of [["one", "two"], ["three"]]) {
        const guest = await server.client("/ws/lobby");
        names.push(String((await guest.hear({ type: "join" })).username));
        for (const content of words) guest.say({ type: "message", content });
        await ann.sees(words.at(-1)!);
      }
      await ann.say("four");
      await ann.sees("four");
      assertEquals(new Set(names).size, 2);
      for (const name of names) assert(/^guest-[0-9a-f]{6}$/.test(name), name);
      const shown = await Promise.all(["one", "two", "three", "four"].map(async (text) => {
        const message = ann.message(text);
        const speaker = message.locator("strong");
        const isMine = /\bmine\b/.test(await message.getAttribute("class") ?? "");
        return [await speaker.count() ? await speaker.textContent() : "", isMine];
      }));
      assertEquals(shown, [[names[0], false], ["", false], [names[1], false], ["", true]]);
      const colours = await Promise.all(
        ["one", "three"].map((text) => ann.message(text).locator(".avatar").textContent()),
      );
      assertEquals(new Set(colours).size, 2, "their faces differ");
      await ann.page.getByRole("button", { name: "In this room: 3" }).click();
      for (const name of names) await ann.page.getByRole("listitem").getByText(name, { exact: true }).waitFor();
      assertEquals(ann.complaints, []);
    }),
);

test("one's own bubbles are one's own in every tab", SLOW, () =>
  withDemo(async (browser, server) => {
    const here = await Person.enter(browser, server.url(""), "Ann");
    const there = await Person.enter(browser, server.url(""), "Ann");
    await here.say("from this tab");
    for (const tab of [here, there]) {
      await tab.sees("from this tab");
      assertEquals(await tab.page.locator(".message.mine").count(), 1);
    }
    assertEquals(await here.page.getByText("Only you").count(), 1);
  }));

test(
  "the bar to react with is right at its bubble, on a desktop and on a phone",
  SLOW,
  () =>
    withDemo(async (browser, server) => {
      const ann = await Person.enter(browser, server.url(""), "Ann");
      const texts = ["ok", LONG];
      for (const text of texts) await ann.say(text);
      for (const form of [DESKTOP, { viewport: { width: 800, height: 700 } }, PHONE]) {
        const bob = await Person.enter(browser, server.url(""), `Bob ${form.viewport!.width}`, form);
        await bob.say(`${LONG}!`);
        for (const text of [...texts, `${LONG}!`]) {
          const message = bob.message(text).last();
          const bubble = message.getByText(text, { exact: true });
          await bubble.scrollIntoViewIfNeeded();
          if (form.isMobile) {
            assert(await gapBetween(message.getByRole("button", { name: "React", exact: true }), bubble) <= NEAR_PX);
            await message.getByRole("button", { name: "React", exact: true }).tap();
          } else {
            await bubble.hover();
          }
          const heart = message.getByRole("button", { name: "React with ❤️" });
          const bar = message.locator(".emojis");
          const gap = await gapBetween(bar, bubble);
          assert(gap <= NEAR_PX, `${gap} px between "${text.slice(0, 9)}" and its bar at ${form.viewport!.width} px`);
          const { x, width } = (await bar.boundingBox())!;
          assert(x >= 0 && x + width <= form.viewport!.width, "the whole bar is in the window");
          if (form.isMobile) await heart.tap();
          else await heart.click();
          await message.getByRole("button", { name: /^❤️ \d/ }).waitFor();
        }
        await bob.page.context().close();
      }
    }),
);

test("a message without a text shows its data, whatever that is", SLOW, () =>
  withDemo(async (browser, server) => {
    const ann = await Person.enter(browser, server.url(""), "Ann");
    const guest = await server.client("/ws");
    await guest.ask({ type: "join-room", roomId: "lobby" }, { type: "room-joined" });
    for (const message of [{ lat: 52.52, lon: 13.4 }, 7, [null]]) {
      guest.say({ type: "message", roomId: "lobby", message });
    }
    for (const text of ['{"lat":52.52,"lon":13.4}', "7", "[null]"]) {
      await ann.bubble(text).waitFor();
    }
    assertEquals(ann.complaints, []);
  }));
