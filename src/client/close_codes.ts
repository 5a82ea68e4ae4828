/**
 * What the end of a connection, or of a try for one, means: its error, and whether another may follow.
 */
import { type ClientError, clientError, type Refusal, refusalError } from "./client_error.ts";

/** The server goes away and wants its clients back soon, spread out. */
export const GOING_AWAY = 1001;
/** A frame was over the limit: sending it again would only close the next connection. */
export const TOO_LARGE = 1009;
/** The token is missing, bad or expired: another one may do. */
export const TOKEN_EXPIRED = 4401;

/** What they mean where nothing else was said. */
const MEANINGS: Record<number, string | undefined> = {
  [GOING_AWAY]: "draining",
  1008: "refused",
  [TOKEN_EXPIRED]: "token_expired",
  4403: "kicked",
};

/** Whether a client must not come back. */
export function isFinal(code: number): boolean {
  return code !== GOING_AWAY && code in MEANINGS;
}

export interface End {
  code: number;
  reason: string;
}

/** `refusal`: what the server said just before. None, of an end that says nothing: the connection was lost. */
export function errorOf(end: End, refusal: Refusal | undefined): ClientError | undefined {
  // A full server and a busy one say the same code, so do two kinds of 4403; the reason says which it is.
  if (refusal) return refusalError(refusal, refusal.reason);
  const { code, reason } = end;
  const meaning = reason === "blocked" ? reason : MEANINGS[code];
  return meaning ? clientError(meaning, "stay connected", end) : undefined;
}
