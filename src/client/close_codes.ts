/**
 * What a close code asks of a client. Codes not named here mean that the connection was lost, and the client comes back.
 */
import type { ClientErrorCode } from "./client_error.ts";

/** The server goes away and wants its clients back soon, spread out. */
export const GOING_AWAY = 1001;
/** A frame was over the limit: sending it again would only close the next connection. */
export const TOO_LARGE = 1009;
/** A fresh token is asked for, and tried at once. */
export const TOKEN_EXPIRED = 4401;
/** What the loss is called when this client gives up on a silent server. */
export const HEARTBEAT_TIMEOUT = 4408;

/** Why a client must not come back; 4401 only when there is nobody to ask for a fresh token. */
export const FINAL: Record<number, ClientErrorCode | undefined> = {
  1008: "refused",
  [TOKEN_EXPIRED]: "token_expired",
  4403: "kicked",
};
