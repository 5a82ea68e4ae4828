/**
 * The demo page in a real browser: two dialects in one room, what a newcomer does in the first minute, and that the page
 * is kept to itself.
 */
import { test } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertError, call } from "../e2e/http_calls.ts";
import { TestServer } from "../e2e/test_server.ts";
import { eventually } from "../harness.ts";
import { withBrowser } from "./browser.ts";
import { enterAsGuest, openDialects } from "./panes.ts";

const SLOW = { timeout: 90_000 };
const PATIENCE = { withinMs: 15_000 };

function openDemo(): Promise<TestServer> {
  return TestServer.open({ demo: true, jwtSecret: undefined });
}

test("one types in one pane, the other reads in another dialect, and every frame is shown", SLOW, async () => {
  await using server = await openDemo();
  await withBrowser(async (browser) => {
    const { left, right, complaints } = await openDialects(browser, server);
    assertEquals(await left.texts(".people li"), ["Ada", "Grace"]);
    await left.find(".say input").pressSequentially("Hel");
    await right.shows(".typing", "Ada is typing");
    await left.say("Hello Grace");
    await right.shows(".bubble", /^AdaHello Grace$/);
    await left.shows(".bubble.mine", "Hello Grace");
    await eventually(async () => (await right.texts(".typing")).join("") === "", PATIENCE);
    await right.say("Hello Ada");
    await left.shows(".bubble", /^GraceHello Ada$/);
    await left.shows(".frames .sent", "Hello Grace");
    const frames = await right.texts(".frames .text");
    assert(frames.some((frame) => frame.includes('"type":"message"') && frame.includes('"message":"Hello Grace"')));
    await right.find(".frames summary").last().click();
    await right.shows(".frames pre", /"type": "/);
    assertEquals(complaints, []);
  });
});

test("two guests are two people with the names the server gave them, in every dialect", SLOW, async () => {
  await using server = await openDemo();
  await withBrowser(async (browser) => {
    const { left, right, complaints } = await openDialects(browser, server);
    const pairs = [["envelope", "kebab"], ["snake", "socketio"], ["plain", "envelope"]] as const;
    for (const [one, other] of pairs) {
      if (one !== "envelope") await left.speak(one);
      if (other !== "kebab") await right.speak(other);
      const guests = [await enterAsGuest(server), await enterAsGuest(server)];
      for (const { client } of guests) {
        client.say({ type: "message", room: "lobby", content: `says a guest to ${one}` });
      }
      const names = guests.map(({ name }) => name);
      for (const pane of [left, right]) {
        await pane.shows(".state", "4 here");
        for (const name of names) await pane.shows(".bubble", `${name}says a guest to ${one}`);
        assertEquals(await pane.texts(".people li"), ["Ada", "Grace", ...names.sort()]);
        for (const name of names) await pane.shows(".note", `${name} joined`);
      }
      for (const { client } of guests) client.close();
      for (const pane of [left, right]) for (const name of names) await pane.shows(".note", `${name} left`);
    }
    assertEquals(complaints, []);
  });
});

test("every dialect talks with every other one", SLOW, async () => {
  await using server = await openDemo();
  await withBrowser(async (browser) => {
    const { left, right, complaints } = await openDialects(browser, server);
    const dialects = ["envelope", "socketio", "kebab", "snake", "plain"];
    for (const [index, dialect] of dialects.entries()) {
      const other = dialects[(index + 1) % dialects.length]!;
      if (await left.find(".choice").inputValue() !== dialect) await left.speak(dialect);
      await right.speak(other);
      await left.say(`from ${dialect}`);
      await right.shows(".bubble", new RegExp(`^Adafrom ${dialect}$`));
      await right.say(`from ${other}`);
      await left.shows(".bubble", new RegExp(`^Gracefrom ${other}$`));
      assertEquals((await left.texts(".bubble")).length, 2 * (index + 1));
      assertEquals(await left.texts(".note.bad"), []);
    }
    assertEquals(complaints, []);
  });
});

test("who was away gets what was missed, once and in order", SLOW, async () => {
  await using server = await openDemo();
  await withBrowser(async (browser) => {
    const { left, right } = await openDialects(browser, server);
    await left.say("before");
    await right.shows(".bubble", "before");
    await right.find(".switch").click();
    await right.shows(".state", "offline");
    await left.shows(".note", "Grace left");
    await left.say("one");
    await left.say("two");
    await left.shows(".bubble", "two");
    await right.find(".switch").click();
    await right.shows(".note", "2 missed messages recovered");
    assertEquals(await right.texts(".bubble"), ["Adabefore", "one", "two"]);
    assertEquals(await right.texts(".bubble.missed"), ["one", "two"]);
  });
});

test("another room is another conversation", SLOW, async () => {
  await using server = await openDemo();
  await withBrowser(async (browser) => {
    const { page, left, right } = await openDialects(browser, server);
    await left.say("in the lobby");
    await right.shows(".bubble", "in the lobby");
    await page.fill("#room", "attic");
    await page.press("#room", "Enter");
    for (const pane of [left, right]) {
      await pane.shows(".note", "In attic");
      await pane.shows(".state", "2 here");
      assertEquals(await pane.texts(".bubble"), []);
    }
    await right.say("up here");
    await left.shows(".bubble", "up here");
    assertEquals(server.parley.getRoom("lobby"), []);
  });
});

test("the page is kept to itself, and follows the server's own paths", SLOW, async () => {
  await using server = await TestServer.open({
    demo: true,
    jwtSecret: undefined,
    dialects: ["kebab", "plain"],
    paths: { ws: "/live" },
  });
  const { headers } = await call(server, "GET /");
  const policy = headers.get("content-security-policy")!;
  assertMatch(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:;/);
  assertMatch(policy, /base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/);
  assertEquals(headers.get("x-frame-options"), "DENY");
  await withBrowser(async (browser) => {
    const { page, left, right, complaints } = await openDialects(browser, server);
    assertEquals(await left.texts(".choice option"), ["kebab", "plain"]);
    // The chat speaks envelope, which is switched off here.
    assertEquals(await page.getByRole("link", { name: "Chat" }).count(), 0);
    assertError(await call(server, "GET /chat"), [404, "not_found"]);
    await left.say("hello");
    await right.shows(".bubble", "hello");
    assertEquals(complaints, []);
  });
});

test("demo tokens are given to this server's own local pages, and carry no role", SLOW, async () => {
  await using server = await TestServer.open({ demo: true, jwtSecret: undefined, adminToken: undefined });
  const ask = (headers: Record<string, string>, body: unknown = { user: "ada", roles: ["admin"], rooms: ["*"] }) =>
    call(server, "POST /demo/token", { headers, body });
  const own = `http://127.0.0.1:${server.parley.port}`;
  const given = await ask({ origin: own });
  const bearer = String(given.body.token);
  assertEquals(given.status, 200);
  assertError(await call(server, "GET /websocket/rooms", { bearer }), [403, "forbidden"]);
  assertEquals((await call(server, "GET /websocket/users/ada/notifications", { bearer })).status, 200);
  const foreign = [{}, { origin: "https://evil.example" }, { origin: "null" }, { origin: "http://127.0.0.1:1" }];
  for (const headers of foreign) assertError(await ask(headers as Record<string, string>), [403, "forbidden"]);
  for (const body of [{}, { user: "" }, { user: 7 }, { user: "x".repeat(300) }]) {
    assertError(await ask({ origin: own }, body), [400, "bad_message"]);
  }
});
