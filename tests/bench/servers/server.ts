/**
 * A server under test: how to start it, what it speaks, and which bare server is its limit. The table is `table.ts`;
 * everything here is what an entry is made of.
 */
import type { Protocol } from "../load/protocol.ts";
import { type Child, type Command, startChild } from "./child.ts";
import { installPeer } from "./install.ts";

export interface Running {
  readonly ports: readonly number[];
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Peers that can: tell the room who joins and leaves. Parley always does, up to its announcement bound. */
  readonly announce?: boolean;
  /** Start this many nodes over one Redis. Only servers with `clusters` are asked to. */
  readonly nodes?: number;
  readonly redisUrl?: string;
  /** Parley alone: with every limit as it ships, behind one proxy that says whose a connection is. */
  readonly guarded?: boolean;
}

export interface Server {
  readonly name: string;
  readonly title: string;
  /** `limit`: bare server of a runtime; `parley`: what is measured; `peer`; `reference`: another language. */
  readonly kind: "limit" | "parley" | "peer" | "reference";
  /** Name of the bare server it is compared with. */
  readonly limit: "bare-bun" | "bare-deno";
  readonly protocols: readonly Protocol[];
  readonly clusters?: boolean;
  /** Only in scenarios whose name begins so; elsewhere it would repeat what another server's row says. */
  readonly only?: readonly string[];
  start(options: StartOptions): Promise<Running>;
}

export interface Recipe extends Omit<Server, "start" | "limit"> {
  readonly limit?: Server["limit"];
  /** Folder in `peers/`, installed on demand; its server is `server.ts` or `server.js`. */
  readonly folder?: string;
  command(place: { folder: string; port: number }, options: StartOptions): Command;
}

export function server({ folder, command, limit = "bare-bun", ...described }: Recipe): Server {
  return {
    ...described,
    limit,
    async start(options) {
      const installed = folder ? await installPeer(folder) : "";
      const children: Child[] = [];
      const stop = async () => void await Promise.all(children.map((child) => child.stop()));
      try {
        for (let node = 0; node < (options.nodes ?? 1); node++) {
          children.push(await startChild((port) => command({ folder: installed, port }, options)));
        }
      } catch (error) {
        await stop();
        throw error;
      }
      return { ports: children.map(({ port }) => port), pids: children.map(({ pid }) => pid), stop };
    },
  };
}
