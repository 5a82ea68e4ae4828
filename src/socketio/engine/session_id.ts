/**
 * Ids of sessions: whoever knows one has the session, so most of it is random; the rest says which node began it. With
 * several workers on a port it stands between two dots: see forwarding.ts.
 */
import { randomId } from "../../id.ts";

/** 144 random bits. */
const RANDOM_LENGTH = 24;

export function newSessionId(node = ""): string {
  return randomId(RANDOM_LENGTH) + node;
}

/** The node that began the session, as its id says; anybody can write one. */
export function nodeOfSession(sid: string): string | undefined {
  const [whole, between] = sid.split(".");
  const node = (between ?? whole!).slice(RANDOM_LENGTH);
  return /^[\w-]{14}$/.test(node) ? node : undefined;
}
