/**
 * The demo page in a real browser: two dialects in one room, what a newcomer does in the first minute, and that the page
 * is kept to itself and usable by everybody.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { test } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from "playwright-core";
import { assertError, call } from "../e2e/http_stage.ts";
import { Stage } from "../e2e/stage.ts";
import { eventually } from "../harness.ts";

const SLOW = { timeout: 90_000 };
const PATIENCE = { withinMs: 15_000 };
const QUIET = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

function openStage(): Promise<Stage> {
  return Stage.open({ demo: true, jwtSecret: undefined });
}

/** One pane of the page. */
class Pane {
  readonly root: Locator;

  constructor(page: Page, index: number) {
    this.root = page.locator(".pane").nth(index);
  }

  find(selector: string): Locator {
    return this.root.locator(selector);
  }

  async shows(selector: string, text: string | RegExp): Promise<void> {
    await this.find(selector).filter({ hasText: text }).first().waitFor({ timeout: PATIENCE.withinMs });
  }

  async say(text: string): Promise<void> {
    await this.find(".say input").fill(text);
    await this.find(".say input").press("Enter");
  }

  async speak(dialect: string): Promise<void> {
    await this.find(".choice").selectOption(dialect);
    await this.shows(".note", `speaking ${dialect}`);
    await this.shows(".state", "2 here");
  }

  texts(selector: string): Promise<string[]> {
    return this.find(selector).allTextContents();
  }
}

interface Opened {
  page: Page;
  left: Pane;
  right: Pane;
  /** What the page complained about. */
  complaints: string[];
}

async function withBrowser(run: (browser: Browser) => Promise<void>): Promise<void> {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, args: QUIET });
  try {
    await run(browser);
  } finally {
    await browser.close();
  }
}

async function open(browser: Browser, stage: Stage, options: BrowserContextOptions = {}): Promise<Opened> {
  const page = await (await browser.newContext(options)).newPage();
  const complaints: string[] = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    if (!/^(data:|https?:\/\/127\.0\.0\.1[:/])/.test(request.url())) complaints.push(`foreign: ${request.url()}`);
  });
  await page.goto(stage.url("/"));
  const [left, right] = [new Pane(page, 0), new Pane(page, 1)];
  for (const pane of [left, right]) await pane.shows(".state", "2 here");
  return { page, left, right, complaints };
}

test("one types in one pane, the other reads in another dialect, and every frame is shown", SLOW, async () => {
  await using stage = await openStage();
  await withBrowser(async (browser) => {
    const { left, right, complaints } = await open(browser, stage);
    assertEquals(await left.texts(".people li"), ["Ada", "Grace"]);
    await left.find(".say input").pressSequentially("Hel");
    await right.shows(".typing", "Ada is typing");
    await left.say("Hello Grace");
    await right.shows(".said", /^AdaHello Grace$/);
    await left.shows(".said.mine", "Hello Grace");
    await eventually(async () => (await right.texts(".typing")).join("") === "", PATIENCE);
    await right.say("Hello Ada");
    await left.shows(".said", /^GraceHello Ada$/);
    await left.shows(".frames .sent", "Hello Grace");
    const frames = await right.texts(".frames .text");
    assert(frames.some((frame) => frame.includes('"type":"message"') && frame.includes('"message":"Hello Grace"')));
    await right.find(".frames summary").last().click();
    await right.shows(".frames pre", /"type": "/);
    assertEquals(complaints, []);
  });
});

test("a guest whose name a dialect does not tell is a guest, not an id", SLOW, async () => {
  await using stage = await openStage();
  await withBrowser(async (browser) => {
    const { left, right } = await open(browser, stage);
    const guest = new WebSocket(stage.url("/ws/lobby").replace("http", "ws"));
    await left.shows(".note", /^guest-\w+ joined$/);
    await right.shows(".note", /^Guest [\w-]{4} joined$/);
    guest.close();
  });
});

test("every dialect talks with every other one", SLOW, async () => {
  await using stage = await openStage();
  await withBrowser(async (browser) => {
    const { left, right, complaints } = await open(browser, stage);
    const dialects = ["envelope", "socketio", "kebab", "snake", "plain"];
    for (const [index, dialect] of dialects.entries()) {
      const other = dialects[(index + 1) % dialects.length]!;
      if (await left.find(".choice").inputValue() !== dialect) await left.speak(dialect);
      await right.speak(other);
      await left.say(`from ${dialect}`);
      await right.shows(".said", new RegExp(`^Adafrom ${dialect}$`));
      await right.say(`from ${other}`);
      await left.shows(".said", new RegExp(`^Gracefrom ${other}$`));
      assertEquals((await left.texts(".said")).length, 2 * (index + 1));
      assertEquals(await left.texts(".note.bad"), []);
    }
    assertEquals(complaints, []);
  });
});

test("who was away gets what was missed, once and in order", SLOW, async () => {
  await using stage = await openStage();
  await withBrowser(async (browser) => {
    const { left, right } = await open(browser, stage);
    await left.say("before");
    await right.shows(".said", "before");
    await right.find(".switch").click();
    await right.shows(".state", "offline");
    await left.shows(".note", "Grace left");
    await left.say("one");
    await left.say("two");
    await left.shows(".said", "two");
    await right.find(".switch").click();
    await right.shows(".note", "2 missed messages recovered");
    assertEquals(await right.texts(".said"), ["Adabefore", "Adaone", "Adatwo"]);
    assertEquals(await right.texts(".said.missed"), ["Adaone", "Adatwo"]);
  });
});

test("another room is another conversation", SLOW, async () => {
  await using stage = await openStage();
  await withBrowser(async (browser) => {
    const { page, left, right } = await open(browser, stage);
    await left.say("in the lobby");
    await right.shows(".said", "in the lobby");
    await page.fill("#room", "attic");
    await page.press("#room", "Enter");
    for (const pane of [left, right]) {
      await pane.shows(".note", "In attic");
      await pane.shows(".state", "2 here");
      assertEquals(await pane.texts(".said"), []);
    }
    await right.say("up here");
    await left.shows(".said", "up here");
    assertEquals(stage.server.getRoom("lobby"), []);
  });
});

test("the page works by keyboard, and for screen readers, in light and dark, wide and narrow", SLOW, async () => {
  await using stage = await openStage();
  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  await withBrowser(async (browser) => {
    const looks: BrowserContextOptions[] = [
      { viewport: { width: 1440, height: 900 }, colorScheme: "light" },
      { viewport: { width: 390, height: 844 }, colorScheme: "dark" },
    ];
    for (const options of looks) {
      // axe is brought in past the page's own policy.
      const { page, left, right } = await open(browser, stage, { ...options, bypassCSP: true });
      await page.keyboard.type("by keyboard");
      await page.keyboard.press("Enter");
      await right.shows(".said", "by keyboard");
      for (const dialect of ["envelope", "socketio", "kebab", "snake", "plain"]) {
        await left.find(".choice").selectOption(dialect);
        await left.shows(".state", "2 here");
        await page.evaluate(axe);
        const violations = await page.evaluate(async () => {
          const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: AxeViolation[] }> } };
          const found = (await axe.run()).violations;
          return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
        });
        assertEquals(violations, []);
      }
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert(overflow <= 0, `${overflow} px too wide`);
      if (options.viewport!.width < 500) {
        await left.find(".tabs button").nth(1).click();
        await left.find(".frames .sent").first().waitFor();
      }
    }
  });
});

interface AxeViolation {
  id: string;
  nodes: { html: string }[];
}

test("the page is kept to itself, and follows the server's own paths", SLOW, async () => {
  await using stage = await Stage.open({
    demo: true,
    jwtSecret: undefined,
    dialects: ["kebab", "plain"],
    paths: { ws: "/live" },
  });
  const { headers } = await call(stage, "GET /");
  const policy = headers.get("content-security-policy")!;
  assertMatch(policy, /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; connect-src 'self'/);
  assertEquals(headers.get("x-frame-options"), "DENY");
  await withBrowser(async (browser) => {
    const { left, right, complaints } = await open(browser, stage);
    assertEquals(await left.texts(".choice option"), ["kebab", "plain"]);
    await left.say("hello");
    await right.shows(".said", "hello");
    assertEquals(complaints, []);
  });
});

test("demo tokens are given to this server's own local pages, and carry no role", SLOW, async () => {
  await using stage = await Stage.open({ demo: true, jwtSecret: undefined, adminToken: undefined });
  const ask = (headers: Record<string, string>, body: unknown = { user: "ada", roles: ["admin"], rooms: ["*"] }) =>
    call(stage, "POST /demo/token", { headers, body });
  const own = `http://127.0.0.1:${stage.server.port}`;
  const given = await ask({ origin: own });
  const bearer = String(given.body.token);
  assertEquals(given.status, 200);
  assertError(await call(stage, "GET /websocket/rooms", { bearer }), [403, "forbidden"]);
  assertEquals((await call(stage, "GET /websocket/users/ada/notifications", { bearer })).status, 200);
  const foreign = [{}, { origin: "https://evil.example" }, { origin: "null" }, { origin: "http://127.0.0.1:1" }];
  for (const headers of foreign) assertError(await ask(headers as Record<string, string>), [403, "forbidden"]);
  for (const body of [{}, { user: "" }, { user: 7 }, { user: "x".repeat(300) }]) {
    assertError(await ask({ origin: own }, body), [400, "bad_message"]);
  }
});
