/**
 * authenticate: an identity for a guest, a fresh token for a user.
 *
 * A connection gets an identity at most once: a token of somebody else is refused and changes nothing. Five failed
 * tries end the connection.
 */
import { type CommandOf, type Handler } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CLOSE, ParleyError } from "../errors.ts";
import type { Hub } from "../hub.ts";
import { adopt, refresh } from "../identity.ts";
import { run, type Steps, wait } from "../maybe.ts";
import type { Identity } from "../message.ts";
import * as membership from "../membership.ts";
import { greetWithUnread } from "./inbox.ts";

const TRIES = 5;

export const authenticate: Handler<"authenticate"> = (hub, connection, command) =>
  run(identify(hub, connection, command));

function* identify(hub: Hub, connection: Connection, command: CommandOf<"authenticate">): Steps<void> {
  const identity = yield* verify(hub, connection, command);
  const known = connection.identity;
  if (known && known.user !== identity.user) {
    throw new ParleyError("forbidden", "Cannot authenticate: the connection already belongs to another user");
  }
  const wasRequired = connection.deadline !== undefined;
  if (known) yield* refresh(hub, connection, identity);
  else yield* adopt(hub, connection, identity);
  hub.reply(connection, { kind: "authenticated", identity }, command.ref);
  if (known) return;
  if (wasRequired && connection.pathRoom !== undefined) {
    yield* membership.join(hub, connection, { room: connection.pathRoom });
  }
  yield* greetWithUnread(hub, connection);
}

function* verify(hub: Hub, connection: Connection, command: CommandOf<"authenticate">): Steps<Identity> {
  try {
    return yield* wait(hub.verifier.verify(command.token));
  } catch (error) {
    if (!(error instanceof ParleyError) || error.code === "unavailable") throw error;
    if (++connection.failedAuthentications < TRIES) throw error;
    const { code, message } = error;
    hub.reply(connection, { kind: "error", code, message, of: "authenticate" }, command.ref);
    hub.disconnect(connection, CLOSE.policy, "Too many failed authentications");
    throw error;
  }
}
