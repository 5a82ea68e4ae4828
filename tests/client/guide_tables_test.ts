/**
 * The tables of docs/client.md: options with their defaults, and the sentences of the client's own.
 */
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import type { ClientError } from "../../src/client/client_error.ts";
import { DEFAULTS } from "../../src/client/options.ts";
import { settled } from "./fake_platform.ts";
import { idleClient, openClient, tokenUntil } from "./fixture.ts";

const PAGE = readFileSync(fileURLToPath(new URL("../../docs/client.md", import.meta.url).href), "utf8");

/** The rows below a head that begins so, cell by cell. */
function rowsOf(head: string): string[][] {
  const [, body = ""] = PAGE.split(new RegExp(`^\\| ${head} .*\\n\\|[-| ]+\\n`, "m"));
  const lines = body.slice(0, body.indexOf("\n\n")).split("\n");
  return lines.map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

test("docs/client.md: every option is there, with its default", () => {
  const { minMs, maxMs, jitter: _, ...options } = DEFAULTS;
  const rows = rowsOf("option");
  assertEquals(rows.map(([name]) => name).sort(), Object.keys(options).map((name) => `\`${name}\``).sort());
  const told = Object.fromEntries(rows.map(([name, , value]) => [name.replaceAll("`", ""), value]));
  assertEquals(told.backoff, `\`{minMs: ${minMs}, maxMs: ${maxMs}}\``);
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === "number" && Number.isFinite(value)) assertEquals(told[name], value.toLocaleString("en"), name);
  }
});

/** How each comes about. */
const LOSSES: Record<string, (world: Awaited<ReturnType<typeof openClient>>) => void> = {
  disconnected: ({ platform }) => platform.socket.drop(),
  draining: ({ platform }) => platform.socket.drop(1001, "The server is going away"),
  kicked: ({ platform }) => platform.socket.drop(4403, "kicked"),
  closed: ({ client }) => client.close(),
};

test("docs/client.md: what it says of a lost connection is what the client says", async () => {
  const told = Object.fromEntries(
    rowsOf("`reason`").map(([reason, , sentence]) => [reason.replaceAll("`", ""), sentence]),
  );
  for (const [reason, happen] of Object.entries(LOSSES)) {
    const world = await openClient();
    happen(world);
    assertEquals([world.client.status.reason, world.client.status.error?.message], [reason, told[reason]]);
    world.client.close();
  }
});

const FAILURES: Record<string, () => Promise<unknown>> = {
  async timeout() {
    const { client, platform } = await openClient();
    const answer = client.command("ping").catch((error) => error);
    await platform.advance(DEFAULTS.ackTimeoutMs);
    return await answer;
  },
  queue_full: () => idleClient({ queueSize: 0 }).client.send({ room: "tea" }, "hi"),
  disconnected: () => idleClient().client.command("ping"),
  async too_large() {
    const { client, platform } = idleClient();
    client.connect();
    await settled();
    platform.socket.greet("c1", 0, { limits: { maxBytes: 100 } });
    return await client.send({ room: "tea" }, "x".repeat(100));
  },
  async signed_out() {
    const { client } = idleClient({ token: tokenUntil(9e9, "", "ann") });
    const sent = client.send({ room: "tea" }, "hi").catch((error) => error);
    await client.setToken(tokenUntil(9e9, "", "bob"));
    return await sent;
  },
  async invalid_data() {
    const refuses = { "~standard": { validate: () => ({ issues: [{ message: "it is a string" }] }) } };
    const { platform, errors } = await openClient({ schemas: { order_shipped: refuses } });
    platform.socket.say({ type: "order_shipped", data: {} });
    return errors[0];
  },
};

test("docs/client.md: what it says of a call that fails is what the client says", async () => {
  const rows = rowsOf("`code`").filter(([code]) => code !== "`unexpected`");
  assertEquals(rows.map(([code]) => code).sort(), Object.keys(FAILURES).map((code) => `\`${code}\``).sort());
  for (const [code, , sentence] of rows) {
    const failure = await FAILURES[code.replaceAll("`", "")]().catch((error) => error) as ClientError;
    assertEquals([`\`${failure.code}\``, failure.message], [code, sentence]);
  }
});
