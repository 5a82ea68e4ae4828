/**
 * The two ways to drive a crowd. A closed loop keeps a number of messages in flight in each room: the next one goes out
 * when the last reader has the one before. An open loop publishes at a fixed rate whatever comes back, as people do.
 */
import { type Crowd, nowUs } from "./crowd.ts";

export type Load =
  | { readonly kind: "closed"; readonly inFlight: number }
  | { readonly kind: "open"; readonly perSecond: number };

/** Copies under way at which an open loop stops adding: the server is saturated and memory would be measured instead. */
const MAX_BACKLOG = 300_000;

/** Starts publishing; the returned function stops it. */
export function drive(crowd: Crowd, load: Load): () => void {
  return load.kind === "closed" ? driveClosed(crowd, load.inFlight) : driveOpen(crowd, load.perSecond);
}

function driveClosed(crowd: Crowd, inFlight: number): () => void {
  const { lanesPerRoom } = crowd.plan;
  crowd.onLaneDone = (lane) => crowd.publish(lane);
  for (let lane = 0; lane < crowd.lanes; lane++) if (lane % lanesPerRoom < inFlight) crowd.publish(lane);
  return () => crowd.onLaneDone = () => {};
}

function driveOpen(crowd: Crowd, perSecond: number): () => void {
  const everyUs = 1e6 / perSecond;
  let dueUs = nowUs();
  let turn = 0;
  let timer: ReturnType<typeof setTimeout>;
  const tick = () => {
    const now = nowUs();
    for (; dueUs <= now; dueUs += everyUs) {
      if (crowd.ledger.underWay < MAX_BACKLOG) crowd.publish(laneOf(crowd, turn++), Math.floor(dueUs));
    }
    timer = setTimeout(tick, Math.max(0, (dueUs - now) / 1000));
  };
  tick();
  return () => clearTimeout(timer);
}

/** Room after room, so that neighbours in time are no neighbours in a room. */
function laneOf({ plan: { rooms, lanesPerRoom } }: Crowd, turn: number): number {
  return turn % rooms * lanesPerRoom + Math.floor(turn / rooms) % lanesPerRoom;
}
