/** Clients of a server with several workers, and where each of them landed. Used by the tests of workers. */
import { nodeOf } from "../../src/id.ts";
import { signToken } from "../../src/verifiers/sign.ts";
import { eventually, type ServerProcess, TestSocket } from "../harness.ts";
import { Talker } from "./stage.ts";

export const SECRET = "a secret of at least thirty-two bytes";

/** A kebab client that knows its connection. */
export class Sailor extends Talker {
  id = "";

  /** The worker that holds it. */
  get worker(): string {
    return nodeOf(this.id);
  }
}

export async function board(server: ServerProcess, user?: string): Promise<Sailor> {
  const sailor = new Sailor(await TestSocket.open(server.ws("/ws?dialect=kebab")));
  const { clientId } = await sailor.hear({ type: "connected" });
  sailor.id = String(clientId);
  if (user === undefined) return sailor;
  const token = await signToken({ user, ttlMs: 60_000 }, { secret: SECRET });
  await sailor.ask({ type: "authenticate", token }, { type: "authenticated" });
  return sailor;
}

/** Two clients on two workers: the kernel deals, so others are tried and sent away. */
export function boardTwo(server: ServerProcess, users: [string, string]): Promise<[Sailor, Sailor]> {
  return eventually(async () => {
    const pair = [await board(server, users[0]), await board(server, users[1])] as [Sailor, Sailor];
    if (pair[0].worker !== pair[1].worker) return pair;
    for (const sailor of pair) sailor.close();
  }, { withinMs: 15_000 });
}

/** A fresh TCP connection, so the answer is of any worker. */
export async function get(server: ServerProcess, path: string): Promise<Response> {
  return await fetch(`${server.url}${path}`, { headers: { connection: "close" } });
}

/** Who answers for the process. */
export interface Status {
  node: string;
  broker: string;
  stats: { active_connections: number; total_connections: number; total_rooms: number; messages_processed: number };
}

/** The first status of each of so many workers. */
export async function statusOfEach(server: ServerProcess, workers: number): Promise<Status[]> {
  const found = new Map<string, Status>();
  await eventually(async () => {
    const status: Status = await (await get(server, "/status")).json();
    found.set(status.node, status);
    return found.size === workers;
  }, { withinMs: 15_000 });
  return [...found.values()];
}
