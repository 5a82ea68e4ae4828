/** Clients of a server with several workers, and where each of them landed. */
import { nodeOf } from "../../src/id.ts";
import { signToken } from "../../src/verifiers/sign.ts";
import { eventually, type ServerProcess, TestSocket } from "../harness.ts";
import { JsonClient } from "./test_server.ts";

export const SECRET = "a secret of at least thirty-two bytes";

/** A kebab client that knows its connection. */
export class WorkerClient extends JsonClient {
  id = "";

  /** The worker that holds it. */
  get worker(): string {
    return nodeOf(this.id);
  }
}

export async function connectClient(server: ServerProcess, user?: string): Promise<WorkerClient> {
  const client = new WorkerClient(await TestSocket.open(server.ws("/ws?dialect=kebab")));
  const { clientId } = await client.hear({ type: "connected" });
  client.id = String(clientId);
  if (user === undefined) return client;
  const token = await signToken({ user, ttlMs: 60_000 }, { secret: SECRET });
  await client.ask({ type: "authenticate", token }, { type: "authenticated" });
  return client;
}

/** Two clients on two workers: the kernel deals, so others are tried and sent away. */
export function connectTwo(server: ServerProcess, users: [string, string]): Promise<[WorkerClient, WorkerClient]> {
  return eventually(async () => {
    const pair = [await connectClient(server, users[0]), await connectClient(server, users[1])] as [
      WorkerClient,
      WorkerClient,
    ];
    if (pair[0].worker !== pair[1].worker) return pair;
    for (const client of pair) client.close();
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
