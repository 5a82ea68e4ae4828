/**
 * authenticate: an identity for a guest, a fresh token for a user.
 *
 * A connection gets an identity at most once: a token of somebody else is refused and changes nothing. Five failed
 * tries end the connection.
 */
import { type CommandOf, type Handler } from "./handler.ts";
import type { Connection } from "../hub/connection.ts";
import { CLOSE, ParleyError } from "../errors.ts";
import type { Hub } from "../hub/hub.ts";
import { adopt, refresh } from "../hub/identity.ts";
import { run, type Steps, wait } from "../maybe.ts";
import type { Identity } from "../message.ts";
import { joinPathRoom } from "../hub/membership.ts";
import { withoutBearer } from "../verifier.ts";
import { greetWithUnread } from "./inbox.ts";

const TRIES = 5;

export const authenticate: Handler<"authenticate"> = (hub, connection, command) =>
  run(identify(hub, connection, command));

function* identify(hub: Hub, connection: Connection, command: CommandOf<"authenticate">): Steps<void> {
  const isRefresh = connection.identity !== undefined;
  const wasRequired = connection.deadline !== undefined;
  const identity = yield* establish(hub, connection, command);
  hub.reply(connection, { kind: "authenticated", identity }, command.ref);
  if (isRefresh) return;
  if (wasRequired && connection.isOpen) {
    hub.addToEverybody(connection);
    yield* joinPathRoom(hub, connection);
  }
  yield* greetWithUnread(hub, connection);
}

/** While this goes on the connection is not closed for want of a token. */
function* establish(hub: Hub, connection: Connection, command: CommandOf<"authenticate">): Steps<Identity> {
  connection.isAuthenticating = true;
  try {
    const identity = yield* verify(hub, connection, command);
    const { identity: known } = connection;
    if (known && known.user !== identity.user) {
      throw new ParleyError("forbidden", "Cannot authenticate: the connection already belongs to another user");
    }
    yield* known ? refresh(hub, connection, { identity }) : adopt(hub, connection, { identity });
    return identity;
  } finally {
    connection.isAuthenticating = false;
  }
}

function* verify(hub: Hub, connection: Connection, command: CommandOf<"authenticate">): Steps<Identity> {
  try {
    return yield* wait(hub.verifier.verify(withoutBearer(command.token)));
  } catch (error) {
    if (!(error instanceof ParleyError) || error.code === "unavailable") throw error;
    hub.audit.refused(connection.address, "authenticate", error);
    if (++connection.failedAuthentications < TRIES) throw error;
    const { code, message } = error;
    hub.reply(connection, { kind: "error", code, message, of: "authenticate" }, command.ref);
    hub.disconnect(connection, CLOSE.policy, "Too many failed authentications");
    throw error;
  }
}
