/**
 * What the kernel says about a server process: CPU of all its threads and resident memory; and about the machine: memory
 * held by sockets. Read from /proc, so it works on Linux only. Nothing here asks the server itself.
 */
import { readdirSync, readFileSync } from "node:fs";

const TICK_US = 10_000;
const PAGE_BYTES = 4096;

/** Of a process: what each of its threads had used when it was last looked at, and those that have ended since. */
interface Threads {
  ns: Map<string, number>;
  endedNs: number;
}

const processes = new Map<number, Threads>();

/**
 * CPU time of all threads in microseconds; never less than before. Per-thread nanoseconds are exact, but end with the
 * thread, and runtimes end theirs when they idle: what such a thread had used is remembered. The tick count knows what
 * it used after the last look.
 */
export function cpuUs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + Math.max(threadsUs(pid), ticksUs(pid) - 5 * TICK_US), 0);
}

function threadsUs(pid: number): number {
  const before = processes.get(pid) ?? { ns: new Map<string, number>(), endedNs: 0 };
  const now: Threads = { ns: new Map(), endedNs: before.endedNs };
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const used = textOf(`/proc/${pid}/task/${thread}/schedstat`)?.split(" ")[0];
    if (used !== undefined) now.ns.set(thread, Number(used));
  }
  for (const [thread, used] of before.ns) if (used > (now.ns.get(thread) ?? 0)) now.endedNs += used;
  processes.set(pid, now);
  return now.ns.values().reduce((sum, used) => sum + used, now.endedNs) / 1000;
}

function ticksUs(pid: number): number {
  const fields = (textOf(`/proc/${pid}/stat`) ?? "").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_US;
}

export function residentBytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + Number((textOf(`/proc/${pid}/statm`) ?? "0 0").split(" ")[1]) * PAGE_BYTES, 0);
}

/** What a connected TCP socket is made of, by the kernel's own names for it. */
const SOCKET_SLABS = new Set(["TCP", "sock_inode_cache", "filp", "eventpoll_epi"]);

/** Kernel memory in sockets and their buffers, of the whole machine; NaN where only root may read it. */
export function kernelSocketBytes(): number {
  const slabs = (textOf("/proc/slabinfo") ?? "").split("\n").map((line) => line.split(/\s+/));
  const sockets = slabs.filter(([name]) => SOCKET_SLABS.has(name!));
  const bufferPages = Number(/^TCP:.* mem (\d+)/m.exec(textOf("/proc/net/sockstat") ?? "")?.[1] ?? 0);
  if (sockets.length === 0) return NaN;
  const bytes = sockets.reduce((sum, [, active, , size]) => sum + Number(active) * Number(size), 0);
  return bytes + bufferPages * PAGE_BYTES;
}

const GONE = new Set(["ENOENT", "ESRCH", "EACCES"]);

/** A thread may end between being listed and being read, and not everything is for everybody: there is no more to say. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && GONE.has(String(error.code))) {
      return undefined;
    }
    throw error;
  }
}
