/**
 * The lists of both demo pages stay at their end while the reader is there, however slowly the machine draws, and keep in
 * place what somebody reads above it.
 */
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import type { JsonClient, TestServer } from "../e2e/test_server.ts";
import { DESKTOP, PHONE, withDemo } from "./browser.ts";
import { openDialects } from "./panes.ts";
import { Person } from "./person.ts";

const SLOW = { timeout: 90_000 };
/** Of frames and lines, of which a pane of / keeps 200: each that comes lets the oldest one go. */
const MORE_THAN_KEPT = 220;

/** A list of a page, what is in it, and somebody elsewhere who writes. */
class List {
  said = 0;

  constructor(
    readonly page: Page,
    readonly box: Locator,
    readonly entries: Locator,
    readonly guest: JsonClient,
  ) {}

  entry(line: number): Locator {
    return this.entries.filter({ hasText: `line ${line}.` });
  }

  async hear(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      write(this.guest, ++this.said);
    }
    await this.entry(this.said).waitFor();
  }

  /** A row comes below the list, or goes. */
  async changeBelow(px: number): Promise<void> {
    await this.box.evaluate((box, px) => {
      box.closest<HTMLElement>(".talk, .wire")!.style.paddingBottom = `${px}px`;
    }, px);
  }

  /** On a slow machine one row goes and the next one comes before anything is drawn, and the layout is asked for between. */
  async changeBelowWithinFrame(px: number): Promise<void> {
    await this.box.evaluate((box, px) => {
      const { style } = box.closest<HTMLElement>(".talk, .wire")!;
      style.paddingBottom = "";
      void box.scrollHeight;
      style.paddingBottom = `${px}px`;
    }, px);
  }

  async assertAtEnd(when: string): Promise<void> {
    const hidden = await this.hiddenPx();
    assert(hidden < 1, `${when}: ${hidden} px of the last entry are hidden`);
  }

  /** How much there is to the end of the last entry, below the lower edge of the list. */
  async hiddenPx(): Promise<number> {
    const last = this.entries.last();
    const depth = await this.depthOf(last);
    return depth + (await last.boundingBox())!.height - (await this.box.boundingBox())!.height;
  }

  async scrollTo(entry: Locator): Promise<void> {
    await entry.scrollIntoViewIfNeeded();
    await this.#drawn();
  }

  /** As a message does to which somebody reacts. */
  async grow(line: number): Promise<void> {
    await this.entry(line).evaluate((entry: HTMLElement) => entry.style.paddingBottom = "30px");
  }

  /** Runs `change`, after which this must be where it was. */
  async assertKept(entry: Locator, when: string, change: () => Promise<unknown>): Promise<void> {
    const before = await this.depthOf(entry);
    await change();
    const moved = await this.depthOf(entry) - before;
    assert(Math.abs(moved) < 1, `${when}: what is read has moved by ${moved} px`);
  }

  /** Below the upper edge of the list. */
  async depthOf(entry: Locator): Promise<number> {
    await this.#drawn();
    return (await entry.boundingBox())!.y - (await this.box.boundingBox())!.y;
  }

  /** The browser measures in one frame, and tells of the scrolling that follows in the next one. */
  async #drawn(): Promise<void> {
    for (let n = 0; n < 3; n++) await this.page.evaluate(() => new Promise(requestAnimationFrame));
  }
}

async function guestIn(server: TestServer): Promise<JsonClient> {
  const guest = await server.client("/ws");
  await guest.ask({ type: "join-room", roomId: "lobby" }, { type: "room-joined" });
  return guest;
}

function write(guest: JsonClient, line: number): void {
  guest.say({ type: "message", roomId: "lobby", message: { text: `line ${line}.` } });
}

type Open = (browser: Browser, server: TestServer) => Promise<List>;

const chat = (look: BrowserContextOptions): Open => async (browser, server) => {
  const { page } = await Person.enter(browser, server.url(""), "Ann", look);
  return new List(page, page.getByRole("log"), page.getByRole("article"), await guestIn(server));
};

const pane =
  (look: BrowserContextOptions, box: string, entries: string, tab?: string): Open => async (browser, server) => {
    const { page, left } = await openDialects(browser, server, look);
    if (tab) await left.find(".tabs").getByText(tab).tap();
    return new List(page, left.find(box), left.find(entries), await guestIn(server));
  };

const LISTS: Record<string, Open> = {
  "messages of /chat": chat(PHONE),
  "conversation of /": pane(DESKTOP, ".log", ".bubble, .note"),
  "frames of /": pane(DESKTOP, ".frames", ".frames li"),
  "frames of / on a phone": pane(PHONE, ".frames", ".frames li", "Frames"),
};

for (const [name, open] of Object.entries(LISTS)) {
  test(
    `whatever changes around the ${name}, one stays at the end, or at what one reads`,
    SLOW,
    () =>
      withDemo(async (browser, server) => {
        const list = await open(browser, server);
        await staysAtEnd(list);
        await staysAtWhatIsRead(list, name.startsWith("frames") ? MORE_THAN_KEPT : 60);
      }),
  );
}

async function staysAtEnd(list: List): Promise<void> {
  await list.hear(40);
  await list.assertAtEnd("40 have come");
  await list.changeBelow(100);
  await list.assertAtEnd("a row below has come");
  await list.changeBelowWithinFrame(100);
  await list.assertAtEnd("another has taken its place");
  await list.changeBelow(0);
  await list.assertAtEnd("the row below has gone");
  const { width, height } = list.page.viewportSize()!;
  await list.page.setViewportSize({ width, height: height - 250 });
  await list.assertAtEnd("the window is as small as above a keyboard");
  await list.page.setViewportSize({ width, height });
  await list.assertAtEnd("the window is as large as before");
  await list.hear(1);
  await list.assertAtEnd("one more has come");
}

async function staysAtWhatIsRead(list: List, count: number): Promise<void> {
  await list.hear(count - list.said);
  const line = count / 2;
  const read = list.entry(line);
  await list.scrollTo(read);
  await list.assertKept(read, "three have come", () => list.hear(3));
  await list.assertKept(read, "a row below has come", () => list.changeBelow(100));
  await list.assertKept(read, "another has taken its place", () => list.changeBelowWithinFrame(100));
  await list.assertKept(read, "the row below has gone", () => list.changeBelow(0));
  await list.assertKept(read, "an entry above has grown", () => list.grow(line - 10));
  await list.assertKept(read, "an entry below has grown", () => list.grow(line + 10));
  await list.scrollTo(list.entries.last());
  await list.hear(3);
  await list.assertAtEnd("the reader has come back to the end");
}

test("the conversation of / is bounded, however much others write", SLOW, () =>
  withDemo(async (browser, server) => {
    const list = await LISTS["conversation of /"]!(browser, server);
    await list.hear(MORE_THAN_KEPT);
    assertEquals(await list.entries.count(), 200);
    await list.assertAtEnd("more have come than are kept");
  }));

test("one leaves the end with a wheel while others write", SLOW, () =>
  withDemo(async (browser, server) => {
    const list = await chat(DESKTOP)(browser, server);
    await list.hear(40);
    await list.box.hover();
    await Promise.all([list.hear(10), list.page.mouse.wheel(0, -600)]);
    const toEnd = list.page.getByRole("button", { name: "To the latest message" });
    await toEnd.waitFor();
    await list.hear(10);
    assert(await list.hiddenPx() > 100, "the reader is not brought back");
    await toEnd.click();
    await list.hear(1);
    await list.assertAtEnd("the reader has asked for the latest message");
    await toEnd.waitFor({ state: "detached" });
  }));

test("older messages come above the one that is read", SLOW, () =>
  withDemo(async (browser, server) => {
    const guest = await guestIn(server);
    for (let line = 1; line <= 90; line++) write(guest, line);
    await guest.settle();
    const list = await chat(DESKTOP)(browser, server);
    await list.entry(90).waitFor();
    await list.assertAtEnd("the history has come");
    const first = list.entries.filter({ hasText: await list.entries.first().locator(".bubble").innerText() });
    await list.scrollTo(first);
    await list.entry(20).waitFor();
    const depth = await list.depthOf(first);
    assert(depth > 0 && depth < 200, `what was the first is ${depth} px below the edge of the list`);
  }));

test(
  "a frame that one opens stays in place, and the end is followed again once it is closed",
  SLOW,
  () =>
    withDemo(async (browser, server) => {
      const list = await LISTS["frames of /"]!(browser, server);
      await list.hear(60);
      const frame = list.entry(60);
      const touch = () => frame.locator("summary").click();
      await list.assertKept(frame, "it is opened", touch);
      await list.assertKept(frame, "three have come", () => list.hear(3));
      await list.assertKept(frame, "it is closed", touch);
      await list.scrollTo(list.entries.last());
      await list.hear(3);
      await list.assertAtEnd("the reader has come back to the end");
    }),
);
