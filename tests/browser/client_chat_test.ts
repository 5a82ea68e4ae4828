/**
 * The example chat in a real browser: two people talk, through cuts and offline, and end with the same list.
 *
 * `SCREENSHOTS=<folder>` leaves pictures there.
 */
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { FaultProxy } from "../client/fault_proxy.ts";
import { eventually } from "../harness.ts";
import { withDemo } from "./browser.ts";
import { Person } from "./person.ts";

const SLOW = { timeout: 120_000 };
const PATIENCE = { withinMs: 20_000, everyMs: 50 };

test(
  "two people talk: messages, typing, presence, reactions, unread, history",
  SLOW,
  () =>
    withDemo(async (browser, server) => {
      const ann = await Person.enter(browser, server.url(""), "Ann");
      for (let n = 0; n < 60; n++) await ann.say(`line ${n}`);
      await ann.sees("line 59");
      const bob = await Person.enter(browser, server.url(""), "Bob Lee");
      await bob.sees("line 59");
      const before = (await bob.texts()).length;
      assert(before >= 40 && before < 60, `the first page is a page: ${before}`);
      await bob.page.getByRole("article").first().scrollIntoViewIfNeeded();
      await eventually(async () => (await bob.texts()).length === 60, PATIENCE);
      assertEquals((await bob.texts())[0], "line 0");

      await bob.page.getByLabel(/^Message to/).pressSequentially("He");
      await ann.page.getByText("Bob Lee is typing").waitFor();
      await bob.say("Hello Ann");
      await ann.sees("Hello Ann");
      await eventually(async () => await ann.page.getByText("Bob Lee is typing").count() === 0, PATIENCE);

      await bob.page.getByLabel("My status").selectOption("busy");
      await ann.page.locator(".people .shown .dot.busy").waitFor();

      const message = ann.page.locator(".message", { hasText: "Hello Ann" });
      await message.hover();
      await message.getByLabel("React with 🎉").click();
      await bob.page.getByRole("button", { name: "🎉 1" }).click();
      await ann.page.getByRole("button", { name: "🎉 2" }).waitFor();

      await ann.page.getByRole("button", { name: /# random/ }).click();
      await bob.say("Are you there?");
      await ann.page.getByLabel("1 unread").waitFor();
      await ann.picture("desktop-light");
      await ann.page.getByRole("button", { name: /# lobby/ }).click();
      await ann.sees("Are you there?");
      assertEquals(await ann.page.getByLabel("1 unread").count(), 0);
      assertEquals([...ann.complaints, ...bob.complaints], []);
    }),
);

test(
  "two people talk through cuts and offline, and end with the same list",
  SLOW,
  () =>
    withDemo(async (browser, server) => {
      await using proxy = await FaultProxy.open(server.parley.ports[0]);
      const url = `http://127.0.0.1:${proxy.port}`;
      const ann = await Person.enter(browser, url, "Ann");
      const bob = await Person.enter(browser, url, "Bob");
      let said = 0;
      const talk = async () => {
        await ann.say(`ann ${said}`);
        await bob.say(`bob ${said++}`);
      };
      await talk();
      for (let round = 0; round < 4; round++) {
        await ann.page.context().setOffline(true);
        proxy.isRefusing = true;
        proxy.cut();
        await ann.page.getByText("You are offline").waitFor();
        await bob.page.locator(".banner").waitFor();
        if (round === 0) await bob.picture("reconnecting");
        await talk();
        await talk();
        proxy.isRefusing = false;
        await ann.page.context().setOffline(false);
        await talk();
      }
      await eventually(async () => {
        const [one, other] = [await ann.texts(), await bob.texts()];
        if (one.length < said * 2) throw new Error(`${one.length} of ${said * 2}`);
        return one.join() === other.join();
      }, PATIENCE);
      assertEquals(new Set(await ann.texts()).size, said * 2, "nothing twice, nothing lost");
      assertEquals([...ann.complaints, ...bob.complaints], []);
    }),
);
