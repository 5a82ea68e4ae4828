/**
 * How a server refuses a connection that offers `parley.refusal`: an error frame, and a close code. Others see the try
 * fail, as they do where a refusal is plain HTTP.
 */
export type RefusalReason =
  | "unauthorized"
  | "token_expired"
  | "blocked"
  | "origin"
  | "backend"
  | "full"
  | "draining"
  | "broker"
  | "rate";

type Saying = [closeCode: number, code: string, message: string];

const SAYINGS: Record<RefusalReason, Saying> = {
  unauthorized: [4401, "unauthorized", "the token is missing or bad"],
  token_expired: [4401, "token_expired", "the token has expired"],
  blocked: [4403, "forbidden", "the user is blocked"],
  origin: [4403, "forbidden", "the origin is not allowed"],
  backend: [4403, "forbidden", "the backend has refused it"],
  full: [1013, "unavailable", "the server is full"],
  draining: [1013, "unavailable", "the server is going away"],
  broker: [1013, "unavailable", "the broker is away"],
  rate: [1013, "rate_limited", "there are too many attempts"],
};

export interface RefusedConnection {
  /** Of the error frame. */
  data: object;
  closeCode: number;
  closeReason: string;
}

/** `retryAfter`: in milliseconds. */
export function refusalOf(why: RefusalReason, retryAfter?: number): RefusedConnection {
  const [closeCode, code, message] = SAYINGS[why];
  // Of a token the code says all there is.
  const reason = code === why ? undefined : why;
  const closeReason = reason ?? (why === "token_expired" ? "Token expired" : "Not authenticated");
  return { data: { code, message: `Cannot connect: ${message}`, retryAfter, reason }, closeCode, closeReason };
}
