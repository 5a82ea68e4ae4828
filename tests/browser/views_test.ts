/**
 * What both demo pages show of what the server says: how many are in a room that is too large to be listed, and a message
 * that it refuses.
 */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { eventually } from "../harness.ts";
import { withDemo } from "./browser.ts";
import { enterAsGuest, openDialects, type Pane } from "./panes.ts";
import { Person } from "./person.ts";

const SLOW = { timeout: 120_000 };
/** The room tells a change of this kind at most once in five seconds. */
const PATIENCE = { withinMs: 15_000 };
const BOUND = 5;

async function lists(pane: Pane, expected: string[]): Promise<void> {
  await eventually(async () => {
    const shown = (await pane.texts(".people li")).join();
    if (shown !== expected.join()) throw new Error(`it lists ${shown}`);
    return true;
  }, PATIENCE);
}

test(
  "a room over the bound shows its number and nobody's name, in every dialect; below it everybody is back",
  SLOW,
  () =>
    withDemo(async (browser, server) => {
      const { left, right, complaints } = await openDialects(browser, server);
      const ann = await Person.enter(browser, server.url(""), "Ann");
      const people = ann.page.getByRole("button", { name: /^In this room/ });
      const pairs = [["envelope", "kebab"], ["snake", "socketio"], ["plain", "envelope"]] as const;
      for (const [one, other] of pairs) {
        if (one !== "envelope") await left.speak(one, 3);
        if (other !== "kebab") await right.speak(other, 3);
        const guests = [await enterAsGuest(server), await enterAsGuest(server), await enterAsGuest(server)];
        const all = 3 + guests.length;
        for (const pane of [left, right]) {
          await pane.shows(".state", `${all} here`);
          await lists(pane, [`${all} people`]);
        }
        await ann.page.getByText(`${all} people`).first().waitFor();
        await eventually(async () => await people.locator(".avatar").count() === 0, PATIENCE);

        for (const { client } of guests) client.close();
        for (const pane of [left, right]) {
          await lists(pane, ["Ada", "Ann", "Grace"]);
          await pane.shows(".state", "3 here");
        }
        await ann.page.getByText("3 people").first().waitFor();
        await eventually(async () => await people.locator(".avatar").count() === 3, PATIENCE);
      }
      assertEquals([...complaints, ...ann.complaints], []);
    }, { roomAnnounceMax: BOUND }),
);

test("who comes into a room over the bound learns its number", SLOW, () =>
  withDemo(async (browser, server) => {
    for (let n = 0; n < BOUND + 2; n++) await enterAsGuest(server);
    const ann = await Person.enter(browser, server.url(""), "Ann");
    await ann.page.getByText(`${BOUND + 3} people`).first().waitFor();
    await ann.page.getByRole("button", { name: `In this room: ${BOUND + 3}` }).click();
    await ann.page.locator(".drawer").getByText(`${BOUND + 3} people`).waitFor();
    assertEquals(ann.complaints, []);
  }, { roomAnnounceMax: BOUND }));

test("a room that tells nobody who is in it is not shown as empty", SLOW, () =>
  withDemo(async (browser, server) => {
    const { page, left, right } = await openDialects(browser, server);
    const ann = await Person.enter(browser, server.url(""), "Ann");
    await ann.page.getByRole("button", { name: /# help/ }).click();
    await ann.page.getByText("Who is here is not told").waitFor();
    assertEquals(await ann.page.getByText("0 here").count(), 0);
    await page.fill("#room", "help");
    await page.press("#room", "Enter");
    for (const pane of [left, right]) {
      await pane.shows(".note", "In help");
      await pane.shows(".state", "online");
      assertEquals(await pane.texts(".people li"), []);
    }
  }, { rooms: [{ match: "help", presence: false }] }));

test(
  "a refused message comes back with its reason, and can be tried again or discarded",
  SLOW,
  () =>
    withDemo(async (browser, server) => {
      const ann = await Person.enter(browser, server.url(""), "Ann");
      await ann.page.getByRole("button", { name: /# help/ }).click();
      await ann.page.getByRole("heading", { name: "# help" }).waitFor();
      await ann.page.getByText("Only you").waitFor();
      await ann.say("May I?");
      const refused = ann.page.getByRole("listitem").filter({ hasText: "You may not write here" });
      await refused.getByText("May I?").waitFor();
      await refused.getByRole("button", { name: "Try again" }).click();
      await refused.waitFor();
      assertEquals(await refused.count(), 1);
      assertEquals(await ann.texts(), []);
      await refused.getByRole("button", { name: "Discard" }).click();
      await eventually(async () => await refused.count() === 0, PATIENCE);
      assertEquals(ann.complaints, []);
    }, { rooms: [{ match: "help", publish: "nobody" }] }),
);

test("a refused message is told in every dialect of the page", SLOW, () =>
  withDemo(async (browser, server) => {
    const { left, right, complaints } = await openDialects(browser, server);
    for (const dialect of ["envelope", "socketio", "kebab", "snake", "plain"]) {
      if (dialect !== "envelope") await left.speak(dialect);
      const before = (await left.texts(".note.bad")).length;
      await left.say(`Hello from ${dialect}`);
      await eventually(async () => (await left.texts(".note.bad")).length === before + 1, PATIENCE);
    }
    for (const pane of [left, right]) assertEquals(await pane.texts(".bubble"), []);
    assertEquals(complaints, []);
  }, { rooms: [{ match: "lobby", publish: "nobody" }] }));
