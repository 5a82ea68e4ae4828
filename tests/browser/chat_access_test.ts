/**
 * The example chat is for everybody: by keyboard, for screen readers, on a phone and a desktop, light and dark.
 *
 * `SCREENSHOTS=<folder>` leaves pictures there.
 */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import type { BrowserContextOptions } from "playwright-core";
import { assertAccessible, assertFits, DESKTOP, PHONE, withDemo } from "./browser.ts";
import { Person } from "./person.ts";

const SLOW = { timeout: 120_000 };

test(
  "nothing keeps anybody out: at the door and inside, on a desktop in light and on a phone in the dark",
  SLOW,
  () =>
    withDemo(async (browser, server) => {
      const forms: [string, BrowserContextOptions][] = [
        ["desktop light", { ...DESKTOP, bypassCSP: true }],
        ["phone dark", { ...PHONE, colorScheme: "dark", bypassCSP: true }],
      ];
      const dora = await Person.enter(browser, server.url(""), "Dora Maar");
      await dora.say("Good morning! Who is up for a walk along the river?");
      for (const [form, options] of forms) {
        const door = await (await browser.newContext(options)).newPage();
        await door.goto(server.url("/chat"));
        await door.getByLabel("Your name").waitFor();
        await assertAccessible(door, `${form}, the door`);
        const person = await Person.enter(browser, server.url(""), `Carl of ${form}`, options);
        await person.say(`Hello from a ${form} screen`);
        await dora.say("Nice to see you.");
        await person.sees("Nice to see you.");
        await person.page.getByRole("button", { name: /^In this room/ }).click();
        await person.page.getByText("Dora Maar", { exact: true }).last().waitFor();
        await assertAccessible(person.page, `${form}, a room`);
        await assertFits(person.page, form);
        await person.page.keyboard.press("Escape");
        await person.picture(form.replace(" ", "-"));
        if (form.startsWith("phone")) {
          await person.page.getByRole("button", { name: "Rooms" }).click();
          await person.page.getByRole("button", { name: /# help/ }).waitFor();
          await assertAccessible(person.page, `${form}, the rooms`);
          await person.picture(`${form.replace(" ", "-")}-rooms`);
        }
      }
    }),
);

test("the keyboard is enough: enter, change the room, react, log out", SLOW, () =>
  withDemo(async (browser, server) => {
    const ann = await Person.enter(browser, server.url(""), "Ann", { viewport: { width: 1200, height: 760 } });
    const { page } = ann;
    const tabTo = async (name: string) => {
      for (let press = 0; press < 60; press++) {
        await page.keyboard.press("Tab");
        // The body counts as nothing: it has everybody's text.
        const focused = await page.evaluate(
          "[document.activeElement].map((it) => it === document.body ? '' : it.textContent + it.ariaLabel)[0]",
        );
        if (String(focused).includes(name)) return;
      }
      throw new Error(`"${name}" cannot be reached`);
    };
    await ann.say("first");
    await ann.sees("first");
    await tabTo("React with 👍");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "👍 1" }).waitFor();
    await tabTo("# random");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "# random" }).waitFor();
    await tabTo("Log out");
    await page.keyboard.press("Enter");
    await page.getByLabel("Your name").waitFor();
    assertEquals(ann.complaints, []);
  }));
