// The arithmetic behind the bench's numbers: frames, markers, quantiles, medians, and the rule for quoting a rate.
import { assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { findProgram } from "../programs.ts";
import { eventually } from "../waiting.ts";
import { FrameReader, maskedFrame, OPCODE, payloadBytes } from "./load/frames.ts";
import { Ledger } from "./load/ledger.ts";
import { findMarker, markedText, MARKER_BYTES, readMark, writeMark } from "./load/marker.ts";
import { Histogram } from "./measure/histogram.ts";
import { cpuUs } from "./measure/process.ts";
import { isClientBound, spreadOf } from "./measure/statistics.ts";
import { Vigil } from "./measure/vigil.ts";

/** An unmasked frame as a server sends it. */
function serverFrame(size: number): Uint8Array {
  const head = size < 126 ? [0x81, size] : size < 65_536 ? [0x81, 126, size >> 8, size & 255] : [
    0x81,
    127,
    ...[0, 0, 0, 0],
    ...[size >>> 24, (size >> 16) & 255, (size >> 8) & 255, size & 255],
  ];
  return Uint8Array.from([...head, ...new Array<number>(size).fill(120)]);
}

test("frames of every length form are cut right wherever the stream is split", () => {
  const short = [0, 1, 125, 126, 300];
  for (const [sizes, step] of [[short, 1], [short, 7], [[...short, 65_535, 65_536, 2], 1_000]] as const) {
    const stream = Uint8Array.from(sizes.flatMap((size) => [...serverFrame(size)]));
    const seen: number[] = [];
    const reader = new FrameReader();
    for (let at = 0; at < stream.length; at += step) {
      reader.push(stream.subarray(at, at + step), (_opcode, _bytes, start, end) => seen.push(end - start));
    }
    assertEquals(seen, [...sizes]);
  }
});

test("a masked frame gives its payload back", () => {
  for (const size of [5, 126, 70_000]) {
    const payload = payloadBytes("x".repeat(size));
    const frame = maskedFrame(OPCODE.text, payload, 0x01020304);
    const start = frame.length - size;
    assertEquals(frame[0], 0x81);
    assertEquals([...frame.subarray(start - 4, start)], [1, 2, 3, 4]);
    assertEquals(frame.subarray(start).map((byte, index) => byte ^ frame[start - 4 + (index & 3)]!), payload);
  }
});

test("a marker survives the text around it", () => {
  const frame = payloadBytes(JSON.stringify({ id: "abc", text: markedText(88) }));
  const at = findMarker(frame, 0, frame.length);
  const mark = { lane: 200_000, sequence: 16_000_000, stampUs: 2 ** 36 - 1 };
  writeMark(frame, at, mark);
  const read = { lane: 0, sequence: 0, stampUs: 0 };
  readMark(frame, findMarker(frame, 0, frame.length), read);
  assertEquals(read, mark);
  assertEquals(markedText(88).length, 88);
  assertEquals(findMarker(frame, 0, at + MARKER_BYTES - 1), -1);
});

test("stalled readers are not waited for, and rooms have their own lanes", () => {
  const ledger = new Ledger({ rooms: 2, members: 3, lanesPerRoom: 2, stalled: 1 });
  const sequence = ledger.publish(3);
  assertEquals(ledger.receive(3, 3, sequence), false);
  assertEquals(ledger.receive(0, 3, sequence), false);
  assertEquals(ledger.receive(4, 3, sequence), true);
  assertEquals({ ...ledger.balance() }, {
    published: 1,
    delivered: 2,
    lost: 0,
    duplicated: 0,
    reordered: 0,
    misdelivered: 1,
  });
});

test("quantiles are right within two hundredths", () => {
  const histogram = new Histogram();
  for (let us = 1; us <= 100_000; us++) histogram.add(us);
  for (const quantile of [0.5, 0.99, 0.999]) {
    const error = histogram.quantile(quantile) / (quantile * 100_000) - 1;
    assertEquals(error >= 0 && error < 0.02, true);
  }
  histogram.clear();
  assertEquals(histogram.quantile(0.5), NaN);
});

test("a spread has the median and forgets runs without a number", () => {
  assertEquals(spreadOf([3, NaN, 1, undefined, 2]), { median: 2, least: 1, most: 3, runs: 3 });
  assertEquals(spreadOf([1, 2]), { median: 1.5, least: 1, most: 2, runs: 2 });
  assertEquals(spreadOf([NaN]), undefined);
});

test("a rate set by the load client is not quoted", () => {
  assertEquals(isClientBound({ client: 0.95, server: 0.5 }), true);
  assertEquals(isClientBound({ client: 0.95, server: 0.8 }), false);
  assertEquals(isClientBound({ client: 0.8, server: 0.5 }), false);
});

/** Its second thread uses 0.15 s of CPU, says so and ends when told to; the process goes on. */
const SHORT_THREAD = `
const { Worker } = require("node:worker_threads");
const thread = new Worker(\`
  const { parentPort } = require("node:worker_threads");
  for (const start = process.cpuUsage().user; process.cpuUsage().user < start + 150_000;);
  parentPort.postMessage(1);
  parentPort.once("message", () => process.exit());
\`, { eval: true });
thread.once("message", () => console.log("worked"));
thread.once("exit", () => console.log("ended"));
process.stdin.once("data", () => thread.postMessage(1));
setInterval(() => {}, 1e6);`;

test("what a thread has used still counts when it has ended", async () => {
  const child = spawn(findProgram("node", "nodejs"), ["-e", SHORT_THREAD], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    let printed = "";
    child.stdout.on("data", (chunk) => printed += chunk);
    await once(child, "spawn");
    await eventually(() => printed.includes("worked"));
    const before = cpuUs([child.pid!]);
    child.stdin.write("end");
    await eventually(() => printed.includes("ended"));
    assertEquals(cpuUs([child.pid!]) >= before, true);
  } finally {
    child.kill("SIGKILL");
  }
});

test("a load client that does not sleep tells how much of its time nothing had arrived", async () => {
  // One millisecond a turn; from the tenth on something has arrived in each.
  let turns = 0;
  const vigil = new Vigil(() => Math.max(turns, 10), () => turns++);
  await eventually(() => turns > 50);
  vigil.end();
  assertEquals(vigil.idleMs, 9);
});
