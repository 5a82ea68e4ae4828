/**
 * What a running server takes over of another configuration.
 */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type ConfigOverrides, defaultConfig, renewalOf } from "../../src/config/config.ts";

const KEY = "a secret of at least thirty-two bytes";
const OTHER = "another secret of thirty-two bytes";

function renewal(running: ConfigOverrides, fresh: ConfigOverrides) {
  return renewalOf(defaultConfig(running), defaultConfig(fresh));
}

test("renewal: nothing has changed", () => {
  const { taken, waiting, changes } = renewal({ jwtSecret: KEY }, { jwtSecret: KEY });
  assertEquals([taken, waiting, changes], [[], [], {}]);
});

test("renewal: keys and what else decides about tokens are taken over", () => {
  const { taken, waiting, changes, hasNew } = renewal({ jwtSecret: KEY }, { jwtSecret: OTHER, jwtIssuer: "me" });
  assertEquals([taken, waiting], [["JWT_SECRET", "JWT_ISSUER"], []]);
  assertEquals(changes, { jwtSecret: OTHER, jwtIssuer: "me" });
  assertEquals(hasNew, { certificate: false, keys: true, rooms: false });
});

test("renewal: rules are taken over, with what a room keeps unless they say so", () => {
  const rooms = [{ match: "vip:*", join: "listed" as const }];
  const { taken, waiting, hasNew } = renewal({}, { rooms, historySize: 5 });
  assertEquals([taken.sort(), waiting], [["HISTORY_SIZE", "rooms"], []]);
  assertEquals(hasNew, { certificate: false, keys: false, rooms: true });
});

test("renewal: all else waits for a restart, and what only follows from it is not named", () => {
  const { taken, waiting } = renewal({ jwtSecret: KEY }, {
    jwtSecret: KEY,
    ports: [1],
    basePath: "/rt",
    websocketMaxRooms: 1,
    websocketConnectionTimeoutMs: 1000,
  });
  assertEquals(taken, []);
  assertEquals(waiting.sort(), ["BASE_PATH", "PORT", "WEBSOCKET_CONNECTION_TIMEOUT", "WEBSOCKET_MAX_ROOMS", "paths"]);
});

test("renewal: a first key and the last one wait, since a demo begins or ends with them", () => {
  for (const [running, fresh] of [[{}, { jwtSecret: KEY }], [{ jwtSecret: KEY }, {}]]) {
    const { taken, waiting, changes } = renewal(running!, fresh!);
    assertEquals([taken, changes], [[], {}]);
    assertEquals(waiting.includes("JWT_SECRET") && waiting.includes("DEMO"), true);
  }
});
