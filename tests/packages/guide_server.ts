/**
 * What the pages of docs/client.md are put through, whatever they are built with: a cut, another user, a token that runs
 * out, a restart of the server, an empty Redis. Each time the page says what is the matter, and then chats on.
 */
import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import type { Client } from "../../src/client/client.ts";
import { complaintsOf, withBrowser } from "../browser/browser.ts";
import { clientOf, CONNECT, startParley, tokenOf } from "../client/real_server.ts";
import { RedisServer } from "../e2e/redis_server.ts";
import { TcpProxy } from "../e2e/tcp_proxy.ts";
import { eventually, type ServerProcess } from "../harness.ts";

const ROOM = "sofa";
/** Only a page that never says it waits for so long; one on a busy machine needs some of it. */
const PATIENCE = { withinMs: 60_000, everyMs: 50 };
/** Enough for a page on a busy machine to show the token before it runs out. */
const SHORT_TTL_S = 5;

/** A server that keeps its rooms in Redis, the way there that can be cut, and Fred, who sits on the sofa. */
export class GuideServer implements AsyncDisposable {
  readonly proxy: TcpProxy;
  readonly redis: RedisServer;
  readonly fred: Client;
  /** Who has said what, in his ears. */
  readonly heard: string[] = [];
  #server: ServerProcess;

  private constructor(redis: RedisServer, server: ServerProcess, proxy: TcpProxy) {
    this.redis = redis;
    this.#server = server;
    this.proxy = proxy;
    this.fred = clientOf("fred", server.ws(CONNECT));
    this.fred.room(ROOM).onMessage(({ username, data }) => this.heard.push(`${username}: ${data.text}`));
  }

  static async open(): Promise<GuideServer> {
    const redis = await RedisServer.start();
    const server = await startParley(settings(redis));
    const guideServer = new GuideServer(redis, server, await TcpProxy.start(server.port));
    guideServer.fred.connect();
    await guideServer.fred.room(ROOM).join();
    return guideServer;
  }

  async say(text: string): Promise<void> {
    await this.fred.room(ROOM).send(text);
  }

  async hears(line: string): Promise<void> {
    await eventually(() => this.heard.includes(line) || Promise.reject(new Error(this.heard.join("\n"))), PATIENCE);
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }

  async start(): Promise<void> {
    this.#server = await startParley({ ...settings(this.redis), PORT: String(this.#server.port) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.fred.close();
    await this.proxy[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
    await this.redis[Symbol.asyncDispose]();
  }
}

function settings(redis: RedisServer): Record<string, string> {
  return { REDIS_URL: redis.url, JWT_LEEWAY: "0s" };
}

/** Runs in the page: notes every sentence that is shown, however short. */
function noteSentences(): void {
  const sentences = new Set<string>();
  const look = () => {
    for (const { textContent } of document.querySelectorAll("[role=status], [role=alert], [role=note]")) {
      if (textContent) sentences.add(textContent.trim());
    }
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
  Object.assign(globalThis, { sentences });
}

class Visitor {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async signIn(user: string, ttlSeconds?: number): Promise<void> {
    await this.#page.waitForFunction("globalThis.signIn");
    await this.#page.evaluate(`signIn(${JSON.stringify(tokenOf(user, { ttlSeconds }))})`);
  }

  /** As it is said by keyboard. */
  async say(text: string): Promise<void> {
    const input = this.#page.getByRole("textbox", { name: "Message" });
    await input.fill(text);
    await input.press("Enter");
  }

  /** Since it was last asked to forget. */
  async showed(sentence: string): Promise<void> {
    const shown = () => this.#page.evaluate<string[]>("[...sentences]");
    const isShown = async () => {
      const sentences = await shown();
      if (!sentences.some((text) => text.startsWith(sentence))) {
        throw new Error(`${sentence} | ${sentences.join(" | ")}`);
      }
      return true;
    };
    await eventually(isShown, PATIENCE);
  }

  async forget(): Promise<void> {
    await this.#page.evaluate("sentences.clear()");
  }

  /** Exactly once. */
  async reads(line: string): Promise<void> {
    const lines = () => this.#page.getByRole("paragraph").allTextContents();
    await eventually(async () => (await lines()).includes(line) || Promise.reject(new Error(line)), PATIENCE);
    assertEquals((await lines()).filter((text) => text === line), [line]);
  }

  async readsNothingOf(text: string): Promise<void> {
    assertEquals(await this.#page.getByText(text).count(), 0);
  }
}

/** The page as a browser gets it; the server that it knows is the proxy. */
export async function liveThroughAll(origin: string, server: GuideServer): Promise<void> {
  await withBrowser(async (browser) => {
    const page = await browser.newPage();
    const complaints = complaintsOf(page);
    await page.addInitScript(noteSentences);
    await page.goto(origin);
    const visitor = new Visitor(page);
    await visitor.signIn("ann");
    await visitor.showed("You are connected as ann.");
    await talk(server, visitor, "ann", "welcome");
    for (const event of [cut, switchAccount, expire, restart, emptyRedis]) {
      await visitor.forget();
      await event(server, visitor);
    }
    assertEquals(complaints, []);
  });
}

/** Both ways. */
async function talk(server: GuideServer, visitor: Visitor, user: string, topic: string): Promise<void> {
  await visitor.say(`${topic}?`);
  await server.hears(`${user}: ${topic}?`);
  await visitor.reads(`${user}: ${topic}?`);
  await server.say(`${topic}!`);
  await visitor.reads(`fred: ${topic}!`);
}

async function cut(server: GuideServer, visitor: Visitor): Promise<void> {
  server.proxy.cut();
  await visitor.showed("Cannot stay connected: disconnected");
  await visitor.showed(`Cannot reach 127.0.0.1:${server.proxy.port}, or /websocket/connect there: unreachable`);
  await visitor.say("typed during the cut");
  await server.say("said during the cut");
  server.proxy.heal();
  await visitor.showed("You are connected as ann.");
  await visitor.reads("fred: said during the cut");
  await visitor.reads("ann: typed during the cut");
  await server.hears("ann: typed during the cut");
  await talk(server, visitor, "ann", "the cut");
}

async function switchAccount(server: GuideServer, visitor: Visitor): Promise<void> {
  server.proxy.cut();
  await visitor.showed("Cannot stay connected: disconnected");
  await visitor.say("a secret");
  await visitor.signIn("bob");
  server.proxy.heal();
  await visitor.showed("You are connected as bob.");
  await talk(server, visitor, "bob", "the switch");
  await visitor.readsNothingOf("a secret");
  assert(!server.heard.some((line) => line.includes("a secret")), "said by nobody");
}

async function expire(server: GuideServer, visitor: Visitor): Promise<void> {
  await visitor.signIn("bob", SHORT_TTL_S);
  await visitor.showed("Token expired: send a fresh one before the next time");
  await visitor.signIn("bob");
  await visitor.showed("You are connected as bob.");
  await talk(server, visitor, "bob", "the token");
}

async function restart(server: GuideServer, visitor: Visitor): Promise<void> {
  await server.stop();
  await visitor.showed("Cannot stay connected: The server is going away");
  await server.start();
  await visitor.showed("You are connected as bob.");
  await talk(server, visitor, "bob", "the restart");
  await visitor.reads("fred: the token!");
}

async function emptyRedis(server: GuideServer, visitor: Visitor): Promise<void> {
  await server.redis.command("FLUSHALL");
  await server.say("is anything left?");
  await visitor.showed("The server has lost the earlier messages of this room.");
  await visitor.reads("fred: is anything left?");
  await visitor.readsNothingOf("the restart");
  await talk(server, visitor, "bob", "the empty Redis");
}
