/** What clients offer as subprotocols: the dialect, the wish to be told, the token, and what is confirmed to them. */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Offer, offerOf, readOffer } from "../../src/gateway/subprotocols.ts";

function read(header: string): Partial<Offer> {
  const offer: Partial<Offer> = readOffer(header);
  // What is not so is left out, to keep the table short.
  if (!offer.wantsRefusal) delete offer.wantsRefusal;
  if (!offer.isUnanswerable) delete offer.isUnanswerable;
  return offer;
}

const OFFERS: Record<string, Partial<Offer>> = {
  "": {},
  " , ": {},
  "parley.kebab": { dialect: "kebab", echo: "parley.kebab" },
  "chat, parley.kebab": { dialect: "kebab", echo: "parley.kebab" },
  "parley.snake,parley.kebab": { dialect: "snake", echo: "parley.snake" },
  "chat, other": { echo: "chat" },
  "parley.nonsense": { dialect: "nonsense", echo: "parley.nonsense" },
  "parley.refusal": { wantsRefusal: true, echo: "parley.refusal" },
  "parley.refusal, parley.kebab": { dialect: "kebab", wantsRefusal: true, echo: "parley.kebab" },
  "chat, parley.refusal": { wantsRefusal: true, echo: "parley.refusal" },
  "parley.bearer.a.b.c": { token: "a.b.c", isUnanswerable: true },
  "parley.bearer.a.b.c, chat": { token: "a.b.c", isUnanswerable: true, echo: "chat" },
  "parley.bearer.a.b.c, parley.refusal": { token: "a.b.c", wantsRefusal: true, echo: "parley.refusal" },
  "parley.bearer.a, parley.bearer.b, parley.plain": { token: "a", dialect: "plain", echo: "parley.plain" },
  "parley.bearer.": { token: "", isUnanswerable: true },
  "parley.batch": {},
  "parley.batch, parley.snake": { dialect: "snake", echo: "parley.snake" },
  "parley.batch, chat": { echo: "chat" },
};

for (const [header, offer] of Object.entries(OFFERS)) {
  test(`"${header}" offers ${JSON.stringify(offer)}`, () => assertEquals(read(header), offer));
}

test("what looks like a token is never a name and never confirmed, however it is written", () => {
  for (const name of ["Parley.Bearer.secret", "parley.bearer-secret", "parley.bearer", "PARLEY.BEARER.secret"]) {
    assertEquals(read(name), {});
    assertEquals(read(`${name}, parley.kebab`), { dialect: "kebab", echo: "parley.kebab" });
  }
});

test("a request without the header offers nothing", () => {
  assertEquals(offerOf(new Request("http://parley.test/ws")), { wantsRefusal: false, isUnanswerable: false });
  const headers = { "sec-websocket-protocol": "parley.kebab" };
  assertEquals(offerOf(new Request("http://parley.test/ws", { headers })).dialect, "kebab");
});
