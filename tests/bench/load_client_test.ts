// The bench checks itself: a load client that does not see a lost, doubled, swapped or misdirected copy, or a connection
// that ends early, would quote good numbers for a bad server. Here a server errs on purpose and the books must say so.
import { assert, assertEquals } from "@std/assert";
import { connect } from "node:net";
import { test } from "node:test";
import { eventually } from "../waiting.ts";
import { type Fault, openFaultyRoom } from "./faulty_room.ts";
import { Crowd } from "./load/crowd.ts";
import { type Dial, dialBun } from "./load/dial.ts";
import { payloadBytes } from "./load/frames.ts";
import { drive } from "./load/load.ts";
import { raw } from "./load/protocols.ts";

const MEMBERS = 3;
const MESSAGES = 10;
const ALL = MEMBERS * MESSAGES;

const dialNode: Dial = (port, handler) => {
  const socket = connect(port, "127.0.0.1", () => {
    handler.onOpen({
      write: (bytes) => void socket.write(bytes),
      pause: () => void socket.pause(),
      close: () => void socket.destroy(),
    });
  });
  let reason = "closed";
  socket.on("data", (chunk) => handler.onChunk(payloadBytes(chunk)));
  socket.on("error", (error) => reason = error.message);
  socket.on("close", () => handler.onClose(reason));
};

const dial = "Bun" in globalThis ? dialBun : dialNode;

interface Books {
  readonly lost?: number;
  readonly duplicated?: number;
  readonly reordered?: number;
  readonly misdelivered?: number;
  readonly closedEarly?: number;
}

async function booksAgree(fault: Fault, expected: Books): Promise<void> {
  const room = await openFaultyRoom(fault);
  const seating = { rooms: 1, members: MEMBERS, lanesPerRoom: 1, textBytes: 40 };
  const crowd = await Crowd.open({ ...seating, dial, ports: [room.port], protocols: [raw], atOnce: 1 });
  try {
    for (let message = 0; message < MESSAGES; message++) crowd.publish(0);
    const lost = expected.lost ?? 0;
    const books = { lost, duplicated: 0, reordered: 0, misdelivered: 0, closedEarly: 0, ...expected };
    await eventually(() => {
      const { published: _, delivered, ...seen } = crowd.ledger.balance();
      assertEquals({ delivered, ...seen, closedEarly: crowd.closedEarly }, { delivered: ALL - lost, ...books });
      return true;
    });
  } finally {
    crowd.close();
    room.close();
  }
}

test("a faultless server has faultless books", () => booksAgree("none", {}));
test("one lost copy is found", () => booksAgree("lose", { lost: 1 }));
test("one doubled copy is found", () => booksAgree("double", { duplicated: 1 }));
test("one copy that comes after its successor is found", () => booksAgree("swap", { reordered: 1 }));
test("one copy for another room is found", () => booksAgree("other room", { misdelivered: 1 }));
test("a connection that ends early is found, and what it missed", () =>
  booksAgree("hang up", { lost: MESSAGES - 4, closedEarly: 1 }));

test("a closed loop never has more in flight than it says", async () => {
  const room = await openFaultyRoom("none");
  const seating = { rooms: 1, members: MEMBERS, lanesPerRoom: 4, textBytes: 40 };
  const crowd = await Crowd.open({ ...seating, dial, ports: [room.port], protocols: [raw] });
  let most = 0;
  const stop = drive(crowd, { kind: "closed", inFlight: 2 });
  const next = crowd.onLaneDone;
  crowd.onLaneDone = (lane) => {
    next(lane);
    most = Math.max(most, Math.ceil(crowd.ledger.underWay / MEMBERS));
  };
  await eventually(() => crowd.ledger.published > 50);
  crowd.onLaneDone = () => {};
  stop();
  assertEquals(most, 2);
  await eventually(() => crowd.ledger.underWay === 0);
  assert(crowd.latency.count > 0);
  crowd.close();
  room.close();
});

test("a server that cannot be reached is an error with its reason", async () => {
  const room = await openFaultyRoom("none");
  room.close();
  const seating = { rooms: 1, members: 1, lanesPerRoom: 1, textBytes: 40 };
  const refused = await Crowd.open({ ...seating, dial, ports: [room.port], protocols: [raw] }).catch((error) => error);
  assert(refused instanceof Error && refused.message.startsWith("Cannot seat 1 connections"));
});
