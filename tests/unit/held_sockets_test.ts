/** Sockets that are over and still held take places in the limits, under the address that the limits count by. */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import type { SocketHandler, UpgradeGrant } from "../../src/adapter.ts";
import { Admission } from "../../src/gateway/admission.ts";
import { defaultConfig } from "../../src/config/config.ts";
import { HeldSockets } from "../../src/gateway/held_sockets.ts";
import { createLog } from "../../src/log.ts";
import { Origins } from "../../src/gateway/origins.ts";
import { Stats } from "../../src/hub/metrics.ts";

const SOCKET = undefined as never;
const PEER = { address: "10.0.0.1", port: 1, secure: false };

function open(inner: Partial<SocketHandler>): { handler: HeldSockets; admission: Admission } {
  const config = defaultConfig({ trustProxy: 1, websocketMaxConnections: 3, websocketMaxConnectionsPerIp: 2 });
  const log = createLog({ level: "debug", write: () => undefined });
  const admission = new Admission({ config, origins: new Origins(["*"]), stats: new Stats(), log });
  return { handler: new HeldSockets(inner as SocketHandler, admission), admission };
}

test("a held socket counts in all limits until it is released", () => {
  const { handler, admission } = open({});
  handler.held(SOCKET, "203.0.113.1");
  handler.held(SOCKET, "203.0.113.1");
  assertEquals(admission.fullness("203.0.113.1"), "the limit of 2 connections per address is reached");
  assertEquals(admission.fullness("203.0.113.2"), undefined);
  handler.held(SOCKET, "203.0.113.2");
  assertEquals(admission.fullness("203.0.113.3"), "the limit of 3 connections is reached");
  handler.released(SOCKET, "203.0.113.1");
  assertEquals(admission.fullness("203.0.113.1"), undefined);
});

test("a grant bears the address of the client, also one that is given later; a refusal goes through as it is", async () => {
  const request = new Request("http://parley.test/ws", { headers: { "x-forwarded-for": "6.6.6.6, 203.0.113.1" } });
  const grants = [{ context: 1, subprotocol: "s" }, Promise.resolve<UpgradeGrant>({ context: 2 })];
  const { handler } = open({ upgrade: () => grants.shift() ?? new Response(null, { status: 403 }) });
  const address = "203.0.113.1";
  assertEquals(handler.upgrade(request, PEER), { context: 1, subprotocol: "s", address });
  assertEquals(await handler.upgrade(request, PEER), { context: 2, address });
  assertEquals((handler.upgrade(request, PEER) as Response).status, 403);
});
