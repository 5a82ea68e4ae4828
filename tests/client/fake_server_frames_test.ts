/**
 * The fake server is held to the real one: the same frames said to both are answered by the same frames, and who is not let
 * in is told the same.
 */
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { FakeServer } from "../../src/client/testing.ts";
import { TestServer } from "../e2e/test_server.ts";
import { eventually } from "../harness.ts";
import { type Frame, SCRIPTS, type Speaker, type Step } from "./scripts.ts";

/** A server of either kind. */
interface EitherServer extends AsyncDisposable {
  dial(token: string | undefined, protocols?: string[]): SocketOfEither;
  /** `seconds` from now until it expires. */
  tokenOf(user: Speaker, seconds?: number): string;
  /** Waits for what is under way. */
  until(isTrue: () => boolean): Promise<void>;
}

interface SocketOfEither {
  onmessage: ((event: { data: string }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  send(text: string): void;
  close(): void;
}

type Constructor = new (url: string, protocols: string[]) => SocketOfEither;

function offerOf(token: string | undefined, protocols: string[] = []): string[] {
  return ["parley.envelope", ...protocols, ...token === undefined ? [] : [`parley.bearer.${token}`]];
}

function fakeServer(): EitherServer {
  const server = new FakeServer();
  const Socket = server.platform.WebSocket as Constructor;
  return {
    dial: (...offer) => new Socket("ws://parley.test/websocket/connect", offerOf(...offer)),
    tokenOf: (user, seconds = 60) => server.tokenOf(user, { expiresInMs: seconds * 1000 }),
    async until(isTrue) {
      await server.advance();
      assert(isTrue(), "all has arrived when the clock has been turned");
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function realServer(): Promise<EitherServer> {
  const server = await TestServer.open();
  const Socket = WebSocket as unknown as Constructor;
  return {
    dial: (...offer) => new Socket(server.ws("/websocket/connect"), offerOf(...offer)),
    tokenOf: (user, seconds = 60) => server.sign({ sub: user, exp: Math.floor(Date.now() / 1000) + seconds }),
    until: async (isTrue) => void await eventually(isTrue),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A user at the end of a socket, and what it has heard. */
class Hearer {
  readonly heard: Frame[] = [];
  readonly #socket: SocketOfEither;
  #asked = 0;
  #told = 0;

  constructor(socket: SocketOfEither) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => void this.heard.push(JSON.parse(data));
  }

  say(frame: Frame): void {
    this.#socket.send(JSON.stringify(frame));
  }

  close(): void {
    this.#socket.close();
  }

  /** What has been heard since this was last asked. */
  news(): Frame[] {
    const fresh = this.heard.slice(this.#told);
    this.#told = this.heard.length;
    return fresh.filter(({ id }) => !String(id).startsWith("settled"));
  }

  /** Everything the server had for it by now has arrived afterwards. */
  async settle(server: EitherServer): Promise<void> {
    const id = `settled ${this.#asked++}`;
    // Not a heartbeat: those overtake what waits for its turn.
    this.say({ type: "system", id, data: { action: "notifications" } });
    await server.until(() => this.heard.some((frame) => frame.id === id));
  }
}

/** What everybody has heard because of a step. */
interface Heard {
  step: string;
  frames: Record<string, Frame[]>;
}

async function run(script: Step[], server: EitherServer): Promise<Heard[]> {
  const here = new Map<Speaker, Hearer>();
  const record: Heard[] = [];
  for (const [speaker, said] of script) {
    const hearer = here.get(speaker);
    if (said === "comes") {
      const comer = new Hearer(server.dial(server.tokenOf(speaker)));
      here.set(speaker, comer);
      await server.until(() => comer.heard.length > 0);
    } else if (said === "goes") {
      hearer!.close();
      here.delete(speaker);
      await server.until(() => [...here.values()].some(({ heard }) => isFarewell(heard.at(-1))));
    } else hearer!.say(typeof said === "function" ? said(hearer!.heard) : said);
    // The speaker first: what it caused has then been sent to the others as well.
    for (const one of [here.get(speaker), ...here.values()]) await one?.settle(server);
    const frames = Object.fromEntries([...here].map(([name, one]) => [name, one.news()]));
    record.push({ step: `${speaker}: ${JSON.stringify(said)}`, frames });
  }
  return record;
}

function isFarewell(frame: Frame | undefined): boolean {
  const { type, data } = Object(frame);
  const { action, status } = Object(data);
  return action === "member_left" || (type === "presence" && status === "offline");
}

/** Ids by the order in which they appear, times by their being there, and errors by their code. */
function comparable(record: object[]): unknown[] {
  const ids = new Map<unknown, string>();
  const numbered = (id: unknown) => {
    if (!ids.has(id)) ids.set(id, `#${ids.size}`);
    return ids.get(id);
  };
  const walk = (value: unknown, key = ""): unknown => {
    if (["id", "message_id", "connection_id", "from", "epoch"].includes(key)) return numbered(value);
    if (["timestamp", "read_at"].includes(key)) return typeof value;
    if (key === "limits") return Object.keys(value as object).sort();
    if (Array.isArray(value)) return value.map((item) => walk(item));
    if (typeof value !== "object" || value === null) return value;
    const { message: _, ...rest } = value as Frame;
    const kept = "code" in rest ? rest : value;
    return Object.fromEntries(Object.entries(kept as Frame).sort().map(([name, item]) => [name, walk(item, name)]));
  };
  return record.map((heard) => walk(heard));
}

for (const [name, script] of Object.entries(SCRIPTS)) {
  test(`fake server: ${name}, as the real one`, async () => {
    await using real = await realServer();
    await using fake = fakeServer();
    const expected = comparable(await run(script, real));
    for (const [n, heard] of comparable(await run(script, fake)).entries()) assertEquals(heard, expected[n]);
  });
}

/** What somebody hears who is not let in, and how it ends. */
async function turnedAway(token: string | undefined, protocols: string[], server: EitherServer): Promise<unknown[]> {
  const socket = server.dial(token, protocols);
  const heard: unknown[] = [];
  socket.onmessage = ({ data }) => heard.push(comparable([JSON.parse(data)])[0]);
  const ends: unknown[] = [];
  socket.onclose = ({ code, reason }) => ends.push([code, reason]);
  await server.until(() => ends.length > 0);
  return [...heard, ...ends];
}

test("fake server: a token that is not taken is refused as by the real one", async () => {
  await using real = await realServer();
  await using fake = fakeServer();
  for (const tokenIn of [() => undefined, () => "of.no.use", (server: EitherServer) => server.tokenOf("ann", -120)]) {
    const [told, end] = await turnedAway(tokenIn(fake), ["parley.refusal"], fake);
    assertEquals([told, end], await turnedAway(tokenIn(real), ["parley.refusal"], real));
    assertEquals((end as unknown[])[0], 4401);
    const unseen = await turnedAway(tokenIn(fake), [], fake);
    assertEquals([unseen.length, (unseen[0] as unknown[])[0]], [1, 1006], "plain HTTP tells a client nothing");
  }
});
