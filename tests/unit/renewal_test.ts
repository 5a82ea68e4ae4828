/**
 * What was under way while keys or rules of rooms were replaced: it is judged by those there are when it is done.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import { defaultConfig } from "../../src/config/config.ts";
import { kebab } from "../../src/dialects/kebab.ts";
import type { Identity } from "../../src/message.ts";
import { Connection } from "../../src/hub/connection.ts";
import { Room } from "../../src/hub/room.ts";
import { Stats } from "../../src/hub/metrics.ts";
import type { Verifier } from "../../src/verifier.ts";
import { createJwtVerifier } from "../../src/verifiers/jwt.ts";
import { RenewableVerifier } from "../../src/verifiers/renewable.ts";
import { signToken } from "../../src/verifiers/sign.ts";
import { TestCore } from "../test_core.ts";
import { eventually } from "../harness.ts";
import { SlowBroker } from "../slow_broker.ts";

const [ONE, OTHER] = ["one secret of at least thirty-two bytes", "other secret of at least thirty-two bytes"];
const CLOSED = defaultConfig({ rooms: [{ match: "vip", join: "authenticated" }] });

test("renewal: a join that was under way is judged by the new rules", async () => {
  const broker = new SlowBroker();
  const core = new TestCore(broker);
  const socket = await core.connect("/ws?dialect=kebab");
  let asked = 0;
  broker.onEffect = () => {
    if (++asked === 1) core.hub.renewRules(CLOSED.rooms, CLOSED.defaultRoom);
  };
  socket.say({ type: "join-room", roomId: "vip" });
  await eventually(() => socket.heard({ type: "error", code: "unauthorized" })[0]);
  assertEquals(socket.heard({ type: "room-joined" }), []);
  await broker.settled();
  await eventually(() => core.hub.rooms.size === 0);
});

test("renewal: a token that was being checked is checked with the new keys", async () => {
  const token = await signToken({ user: "ann", ttlMs: 60_000 }, { secret: ONE });
  const old = await createJwtVerifier({ secret: ONE });
  const asked = Promise.withResolvers<void>();
  const slow: Verifier = {
    verify: async (shown): Promise<Identity> => {
      await asked.promise;
      return await old.verify(shown);
    },
    stands: (identity) => old.stands(identity),
  };
  const keys = new RenewableVerifier(slow);
  const verdict = keys.verify(token);
  keys.renew(await createJwtVerifier({ secret: OTHER }));
  asked.resolve();
  await assertRejects(() => verdict, Error, "signature");
});

test("renewal: an identity stands while its key is configured, whatever else is", async () => {
  const publicOnly = await createJwtVerifier({ jwksUrl: "https://id.example/jwks" });
  const one = await createJwtVerifier({ secret: ONE });
  const identity = await one.verify(await signToken({ user: "ann", ttlMs: 60_000 }, { secret: ONE }));
  const both = await createJwtVerifier({ secret: ONE, jwksUrl: "https://id.example/jwks" });
  const verdicts = [one, both, publicOnly, await createJwtVerifier({ secret: OTHER })].map((each) =>
    each.stands(identity)
  );
  assertEquals(verdicts, [true, true, false, false]);
  assertEquals(identity.key?.includes(ONE), false);
});

test("renewal: frames that wait to be sent together go before a new pause counts, or none", () => {
  const sent: unknown[] = [];
  const outlet = { publish: (_topic: string, frame: unknown) => void sent.push(frame) };
  const subscriber = {
    outlet,
    stats: new Stats(),
    subscribe: () => {},
    unsubscribe: () => {},
    dissolved: () => {},
  };
  const [slow, fast] = ["100ms", undefined].map((coalesce) =>
    defaultConfig({ rooms: [{ match: "r", coalesce }] }).rooms[0]!
  );
  const room = new Room("r", "custom", slow!, subscriber);
  room.add(new Connection({ id: "a", socket: { subscribe: () => {} } as never, dialect: kebab, address: "::1" }));
  for (const frame of ["first", "second"]) room.audiences.outlet.publish("kebab:r", frame);
  assertEquals(sent, ["first"]);
  room.setRule(fast!);
  assertEquals(sent, ["first", "second"]);
  room.audiences.outlet.publish("kebab:r", "third");
  assertEquals(sent.at(-1), "third");
});
