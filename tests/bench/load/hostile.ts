/**
 * A thread that attacks a server from one forwarded address until it is terminated: every {@link ATTACKS} row, dialled
 * again whenever the server has had enough, and polling sessions that nobody reads. It measures nothing, so that whoever
 * does is not held up by it.
 */
import { workerData } from "node:worker_threads";
import { type Attack, ATTACKS, UNREAD_POLL } from "./attacks.ts";

const ADDRESS = { "x-forwarded-for": "203.0.113.66" };
const TICK_MS = 20;
const REDIAL_MS = 1000;
const POLLS_PER_SECOND = 5;
const { port } = workerData as { port: number };

type OpenWebSocket = new (url: string, options: { headers: Record<string, string> }) => WebSocket;

function attack(of: Attack): void {
  const socket = new (WebSocket as unknown as OpenWebSocket)(`ws://127.0.0.1:${port}${of.path()}`, {
    headers: ADDRESS,
  });
  let timer: ReturnType<typeof setInterval> | undefined;
  let n = 0;
  socket.onopen = () => {
    for (const frame of of.opening) socket.send(frame);
    timer = setInterval(() => {
      const due = Math.max(1, Math.round(of.perSecond * TICK_MS / 1000));
      for (let count = 0; count < due; count++) socket.send(of.frame(n++));
    }, TICK_MS * Math.max(1, 1000 / TICK_MS / of.perSecond));
  };
  socket.onclose = () => {
    clearInterval(timer);
    setTimeout(() => attack(of), REDIAL_MS);
  };
}

/** Opens a session that polls, joins with it, and never fetches what is said to it. */
async function poll(): Promise<void> {
  const url = `http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`;
  try {
    const opened = await (await fetch(url, { headers: ADDRESS })).text();
    const { sid } = JSON.parse(opened.slice(1));
    for (const body of UNREAD_POLL) {
      await (await fetch(`${url}&sid=${sid}`, { method: "POST", body, headers: ADDRESS })).text();
    }
  } catch {
    // Refused, as it should be after a while.
  }
}

for (const each of ATTACKS) for (let n = 0; n < each.count; n++) attack(each);
setInterval(poll, 1000 / POLLS_PER_SECOND);
