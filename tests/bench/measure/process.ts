/**
 * What the kernel says about a server process: CPU of all its threads and resident memory; and about the machine: memory
 * held by sockets. Read from /proc, so it works on Linux only. Nothing here asks the server itself.
 */
import { readdirSync, readFileSync } from "node:fs";

const TICK_US = 10_000;
const PAGE_BYTES = 4096;

/** CPU time of all threads in microseconds. Per-thread nanoseconds are exact; the tick count also knows ended threads. */
export function cpuUs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + Math.max(threadsUs(pid), ticksUs(pid) - 5 * TICK_US), 0);
}

function threadsUs(pid: number): number {
  let ns = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    ns += Number(textOf(`/proc/${pid}/task/${thread}/schedstat`)?.split(" ")[0] ?? 0);
  }
  return ns / 1000;
}

function ticksUs(pid: number): number {
  const fields = (textOf(`/proc/${pid}/stat`) ?? "").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_US;
}

export function residentBytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + Number((textOf(`/proc/${pid}/statm`) ?? "0 0").split(" ")[1]) * PAGE_BYTES, 0);
}

/** Kernel memory of the whole machine in slabs (socket structures) and TCP buffers; other processes add noise to it. */
export function kernelSocketBytes(): number {
  const slabKb = Number(/^Slab:\s+(\d+)/m.exec(textOf("/proc/meminfo") ?? "")?.[1] ?? 0);
  const bufferPages = Number(/^TCP:.* mem (\d+)/m.exec(textOf("/proc/net/sockstat") ?? "")?.[1] ?? 0);
  return slabKb * 1024 + bufferPages * PAGE_BYTES;
}

/** A thread or process may end between being listed and being read: that is no error, it has no more to say. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH")) {
      return undefined;
    }
    throw error;
  }
}
