/** Which tokens a request shows, in which order they count, and when cookies count at all. */
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import { defaultConfig } from "../../src/config/config.ts";
import { credentialOf, verifyCredential } from "../../src/gateway/credentials.ts";
import { ParleyError } from "../../src/errors.ts";
import { Origins } from "../../src/gateway/origins.ts";
import { offerOf } from "../../src/gateway/subprotocols.ts";

const config = defaultConfig({ jwtSecret: "x".repeat(32) });

function shown(headers: Record<string, string>, query = "") {
  const request = new Request(`http://chat.test/ws${query}`, { headers: { host: "chat.test", ...headers } });
  return credentialOf(
    { headers: request.headers, url: new URL(request.url), offer: offerOf(request) },
    { config, origins: new Origins(["*", "https://app.test"]) },
  );
}

test("a header counts before the query, and that before cookies", () => {
  const cookie = "token=c";
  assertEquals(shown({ authorization: "bearer h", cookie }, "?token=q").credential, { tokens: ["h"], optional: false });
  assertEquals(shown({ cookie }, "?token=Bearer%20q").credential, { tokens: ["q"], optional: false });
  assertEquals(shown({ cookie }).credential, { tokens: ["c"], optional: true });
  assertEquals(shown({}), {});
});

test("cookies count in the order of their names, then of the header; empty ones are none; four at most", () => {
  const rows: [cookie: string, tokens: string[] | undefined][] = [
    ["token=b; falcon_auth_token=a", ["a", "b"]],
    ["token=good; token=stale", ["good", "stale"]],
    ["token=good; token=", ["good"]],
    ["token=; token=good", ["good"]],
    ["falcon_auth_token=; token=good", ["good"]],
    ['token="quoted"', ["quoted"]],
    ["token=Bearer%20a; token=a", ["a"]],
    ["token=%zz", ["%zz"]],
    ["token=a=b", ["a=b"]],
    ["a=1;token=x;;  token =y", ["x", "y"]],
    ["__proto__=1; token=a", ["a"]],
    ["a=1; token ; =x; other=y", undefined],
    ["token=1; token=2; token=3; token=4; token=5; falcon_auth_token=0", ["0", "1", "2", "3"]],
  ];
  for (const [cookie, tokens] of rows) assertEquals([cookie, shown({ cookie }).credential?.tokens], [cookie, tokens]);
});

test("cookies that a page may not send are left out, and it is said why", () => {
  const cookie = "token=c";
  for (const origin of ["https://chat.test", "http://chat.test", "https://app.test"]) {
    assertEquals(shown({ cookie, origin }).credential?.tokens, ["c"], origin);
  }
  const { credential, leftOut } = shown({ cookie, origin: "https://evil.test" });
  assertEquals([credential, leftOut?.code, leftOut?.message], [
    undefined,
    "unauthorized",
    'Cannot use the cookie: the origin of its page, "https://evil.test", ' +
    "is neither this server's own nor listed by name",
  ]);
  assertEquals(shown({ cookie: "theme=dark; token=", origin: "https://evil.test" }), {});
  assertEquals(shown({ cookie, origin: "https://evil.test" }, "?token=q").credential?.tokens, ["q"]);
});

test("the first good token counts; a bad one gives way, one that cannot be judged does not", async () => {
  const asked: string[] = [];
  const verdicts: Record<string, ParleyError> = {
    bad: new ParleyError("unauthorized", "bad"),
    late: new ParleyError("token_expired", "late"),
    away: new ParleyError("unavailable", "away"),
  };
  const verifier = {
    stands: () => true,
    verify: (token: string) => {
      asked.push(token);
      const { [token]: error } = verdicts;
      if (error) return Promise.reject(error);
      return Promise.resolve({ user: token, id: token, name: token, groups: [], rooms: [], roles: [] });
    },
  };
  const judge = (...tokens: string[]) => verifyCredential(verifier, { tokens, optional: true });
  assertEquals((await judge("bad", "late", "ann", "bob")).user, "ann");
  assertEquals(asked, ["bad", "late", "ann"]);
  assertStrictEquals(await assertRejects(() => judge("late", "bad")), verdicts.late);
  assertStrictEquals(await assertRejects(() => judge("bad", "away", "ann")), verdicts.away);
});
