/**
 * What a client offers as subprotocols: a dialect by name, and what a browser, which can set no header, cannot say in
 * any other way: how it wants to be refused, and its token.
 *
 * Read for every upgrade, by the transports and by whoever looks for a token. A token must never come back in an answer or get
 * into a log, so nothing that looks like one is taken for a name.
 */
export interface Offer {
  /** The name after `parley.`, whether there is such a dialect or not. */
  dialect?: string;
  /** Refused, it wants to be let in and told by a frame. */
  wantsRefusal: boolean;
  token?: string;
  /** It brings a token, and nothing that a browser would accept as the answer. */
  isUnanswerable: boolean;
  /** What is confirmed to the client. */
  echo?: string;
}

const OURS = "parley.";
const REFUSAL = "parley.refusal";
const BEARER = "parley.bearer.";
/** Names that are reserved, the token's included, in whatever case and with whatever behind it. */
const RESERVED = /^parley\.(refusal$|batch$|bearer)/i;

/** What most clients offer: nothing. */
export const NO_OFFER: Offer = { wantsRefusal: false, isUnanswerable: false };

export function offerOf({ headers }: Request): Offer {
  const header = headers.get("sec-websocket-protocol");
  return header === null ? NO_OFFER : readOffer(header);
}

/** `header`: in the client's order. */
export function readOffer(header: string): Offer {
  const offered = header.split(",").map((name) => name.trim()).filter((name) => name !== "");
  const named = offered.find((name) => name.startsWith(OURS) && !RESERVED.test(name));
  const wantsRefusal = offered.includes(REFUSAL);
  const bearer = offered.find((name) => name.startsWith(BEARER));
  const offer: Offer = { wantsRefusal, isUnanswerable: bearer !== undefined && named === undefined && !wantsRefusal };
  if (named !== undefined) offer.dialect = named.slice(OURS.length);
  if (bearer !== undefined) offer.token = bearer.slice(BEARER.length);
  const echo = named ?? (wantsRefusal ? REFUSAL : offered.find((name) => !RESERVED.test(name)));
  if (echo !== undefined) offer.echo = echo;
  return offer;
}
