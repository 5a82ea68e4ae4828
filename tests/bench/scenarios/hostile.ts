/**
 * One hostile address against the limits as they ship: floods in every dialect, stale rejoins, join storms, big messages
 * and unread polls, while bystanders ask for pongs. What these notice is their p99; what it costs is the largest memory
 * of the server and what goes through Redis.
 */
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { LOBBY } from "../load/attacks.ts";
import { json } from "../load/protocol.ts";
import { Histogram } from "../measure/histogram.ts";
import { cpuUs, residentBytes } from "../measure/process.ts";
import { redisTraffic, startRedis } from "../servers/redis.ts";
import type { Running } from "../servers/server.ts";
import { isParley, type Outcome, type Scenario } from "./scenario.ts";

const ATTACKER = fileURLToPath(new URL("../load/hostile.ts", import.meta.url).href);
const SECONDS = 60;
const QUICK_SECONDS = 10;
const BYSTANDERS = 50;
const PING_EVERY_MS = 200;
const LOOK_EVERY_MS = 250;

export const hostile: Scenario = {
  name: "hostile",
  title: "One hostile address",
  about:
    `20 connections and unread polls of one forwarded address for ${SECONDS} s, limits as they ship, over Redis; ` +
    `${BYSTANDERS} others ping.`,
  compare: "p99Ms",
  columns: ["p50Ms", "p99Ms", "p999Ms", "residentMb", "brokerMbPerS", "serverShare", "closedEarly"],
  takes: isParley,
  async run(server, { quick }) {
    const redis = await startRedis();
    try {
      const running = await server.start({ redisUrl: `redis://127.0.0.1:${redis.port}`, guarded: true });
      try {
        return [await withstand(running, redis.port, quick ? QUICK_SECONDS : SECONDS)];
      } finally {
        await running.stop();
      }
    } finally {
      await redis.stop();
    }
  },
};

async function withstand(running: Running, redisPort: number, seconds: number): Promise<Outcome> {
  const port = running.ports[0]!;
  const bystanders = await Promise.all(Array.from({ length: BYSTANDERS }, () => Bystander.open(port)));
  const attacker = new Worker(ATTACKER, { workerData: { port } });
  const before = await redisTraffic(redisPort);
  const cpuBefore = cpuUs(running.pids);
  const startMs = performance.now();
  let largest = 0;
  while (performance.now() - startMs < seconds * 1000) {
    await delay(LOOK_EVERY_MS);
    largest = Math.max(largest, residentBytes(running.pids));
  }
  const traffic = await redisTraffic(redisPort) - before;
  const passedS = (performance.now() - startMs) / 1000;
  const serverShare = (cpuUs(running.pids) - cpuBefore) / passedS / 1e6;
  await attacker.terminate();
  const latency = new Histogram();
  const closedEarly = bystanders.filter(({ isCut }) => isCut).length;
  for (const bystander of bystanders) for (const us of bystander.end()) latency.add(us);
  const [p50Ms, p99Ms, p999Ms] = [0.5, 0.99, 0.999].map((quantile) => latency.quantile(quantile) / 1000);
  const metrics = {
    p50Ms,
    p99Ms,
    p999Ms,
    residentMb: largest / 1e6,
    brokerMbPerS: traffic / 1e6 / passedS,
    serverShare,
    closedEarly,
  };
  return { load: "20 connections", metrics };
}

/** Somebody else in the lobby, who asks now and then whether the server is there. */
class Bystander {
  isCut = false;
  readonly #waitsUs: number[] = [];
  readonly #socket: WebSocket;
  readonly #timer: ReturnType<typeof setInterval>;
  #askedAtMs = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onclose = () => this.isCut = true;
    socket.onmessage = ({ data }) => {
      if (data === PONG) this.#note();
    };
    socket.send(json({ type: "join-room", roomId: LOBBY }));
    this.#timer = setInterval(() => this.#ask(), PING_EVERY_MS);
  }

  static async open(port: number): Promise<Bystander> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws?dialect=kebab`);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    return new Bystander(socket);
  }

  /** How long it waited each time, in µs; what has not been answered counts for as long as it has waited. */
  end(): readonly number[] {
    clearInterval(this.#timer);
    if (this.#askedAtMs > 0) this.#note();
    this.#socket.onclose = null;
    this.#socket.close();
    return this.#waitsUs;
  }

  #ask(): void {
    if (this.#askedAtMs > 0 || this.isCut) return;
    this.#askedAtMs = performance.now();
    this.#socket.send(PING);
  }

  #note(): void {
    this.#waitsUs.push((performance.now() - this.#askedAtMs) * 1000);
    this.#askedAtMs = 0;
  }
}

const PING = json({ type: "ping" });
const PONG = json({ type: "pong" });
