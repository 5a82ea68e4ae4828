/**
 * The client on Node with the `ws` package, in a process of its own, through cuts.
 */
import { execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { eventually } from "../harness.ts";
import { findProgram } from "../programs.ts";
import { FaultProxy } from "./fault_proxy.ts";
import { chance, clientOf, CONNECT, startParley, tokenOf, UNFORGETTING } from "./real_server.ts";

const CUTS = 30;
const CLIENT = new URL("../../src/http/assets/client.js", import.meta.url).href;
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Fact {
  joined?: boolean;
  gap?: boolean;
  text?: string;
}

test("on Node, cuts lose and duplicate nothing", { timeout: 60_000 }, async () => {
  await using server = await startParley(UNFORGETTING);
  await using proxy = await FaultProxy.open(server.port);
  const script = fileURLToPath(new URL("node_client.mjs", import.meta.url).href);
  const node = spawn(findProgram("node", "nodejs"), [script, proxy.url(CONNECT), tokenOf("nora"), "flow"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const facts: Fact[] = [];
  createInterface({ input: node.stdout }).on("line", (line) => facts.push(JSON.parse(line)));
  const ended = new Promise((resolve) => node.once("exit", resolve));
  try {
    await eventually(() => facts.some((fact) => fact.joined), { withinMs: 10_000 });
    const writer = clientOf("ann", server.ws(CONNECT));
    writer.connect();
    await writer.room("flow").join();
    const random = chance(7);
    let said = 0;
    for (let cut = 0; cut < CUTS; cut++) {
      for (let n = 0; n < 5; n++) await writer.room("flow").send(`${said++}`);
      proxy.isRefusing = true;
      proxy.cut();
      for (let n = 0; n < 3; n++) await writer.room("flow").send(`${said++}`);
      await wait(100 * random());
      proxy.isRefusing = false;
      await wait(100 * random());
    }
    const texts = () => facts.flatMap((fact) => fact.text ?? []);
    await eventually(() => texts().length >= said, { withinMs: 10_000 });
    assertEquals(texts(), Array.from({ length: said }, (_, n) => `${n}`));
    assert(!facts.some((fact) => fact.gap));
    writer.close();
  } finally {
    node.stdin.end();
  }
  assertEquals(await ended, 0, "a closed client lets the process end");
});

test("on Node without a WebSocket: says which option to give", () => {
  const script = `
    delete globalThis.WebSocket; // Node 22 has one.
    const { createClient } = await import(${JSON.stringify(CLIENT)});
    const client = createClient("ws://127.0.0.1:9/websocket/connect");
    try { client.connect(); } catch (error) { console.log(error.name, error.message, client.status.state); }
  `;
  const words = ["--input-type=module", "--eval", script];
  const said = execFileSync(findProgram("node", "nodejs"), words, { encoding: "utf8" });
  assertMatch(said, /^TypeError .*platform: \{ WebSocket \}.* idle$/m);
});
