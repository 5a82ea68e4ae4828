/**
 * The log: its two shapes, its levels, and what must never be in it.
 */
import { test } from "node:test";
import { assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { createLog, type LogFields, type LogOptions, redact } from "../../src/log.ts";

function written(options: LogOptions, log: (to: ReturnType<typeof createLog>) => void): string[] {
  const lines: string[] = [];
  log(createLog({ now: () => 0, write: (line) => lines.push(line), ...options }));
  return lines;
}

function line(fields: LogFields, format: "text" | "json" = "text"): string {
  return written({ format }, (log) => log.info("message", fields))[0]!;
}

test("log: text is time, level, message and fields", () => {
  const fields = {
    room: "a b",
    count: 3,
    url: "http://h/x",
    none: undefined,
    list: ["a", "b"],
    deep: { a: 1 },
    empty: "",
  };
  assertEquals(
    line(fields),
    '1970-01-01T00:00:00.000Z INFO  message room="a b" count=3 url=http://h/x list=a,b deep={"a":1} empty=""',
  );
});

test("log: JSON is one object a line, and no field replaces what the line itself says", () => {
  assertEquals(JSON.parse(line({ room: "a b", list: ["a"], level: "x", message: "y", time: 0 }, "json")), {
    time: "1970-01-01T00:00:00.000Z",
    level: "info",
    message: "message",
    room: "a b",
    list: ["a"],
  });
});

test("log: what is below the level is not written", () => {
  const all = (log: ReturnType<typeof createLog>) => {
    log.debug("d");
    log.info("i");
    log.warn("w");
    log.error("e");
  };
  assertEquals(["debug", "info", "warn", "error"].map((level) => written({ level: level as "info" }, all).length), [
    4,
    3,
    2,
    1,
  ]);
  assertEquals(written({}, all).length, 3);
});

test("log: fields named like a credential are hidden, at every depth", () => {
  const names = [
    "token",
    "accessToken",
    "Authorization",
    "cookie",
    "set-cookie",
    "jwtSecret",
    "password",
    "apiKey",
    "api_key",
  ];
  for (const format of ["text", "json"] as const) {
    for (const name of names) {
      assertFalse(line({ [name]: "hunter2" }, format).includes("hunter2"), `${name} in ${format}`);
      assertFalse(line({ headers: { [name]: "hunter2" } }, format).includes("hunter2"), `deep ${name} in ${format}`);
      assertStringIncludes(line({ [name]: "hunter2" }, format), "[hidden]");
    }
  }
});

test("log: URLs have neither query nor password, and nothing that looks like a JWT is written", () => {
  assertEquals(redact("ws://host/ws?token=a&b=c"), "ws://host/ws");
  assertEquals(redact("/ws?token=a"), "/ws");
  assertEquals(redact("cannot open redis://user:pass@host:6379/0 now"), "cannot open redis://host:6379/0 now");
  assertEquals(redact("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln failed"), "Bearer [hidden] failed");
  assertEquals(redact("is it? yes"), "is it? yes");
  assertFalse(line({ error: new Error("GET http://h/?token=hunter2 failed") }).includes("hunter2"));
  assertFalse(line({ list: ["http://h/?token=hunter2"] }).includes("hunter2"));
  assertFalse(written({}, (log) => log.info("at http://h/?token=hunter2"))[0]!.includes("hunter2"));
});

test("log: no field can forge a line or move the cursor", () => {
  const text = line({
    name: "a\nb",
    list: ["\x1b[2J"],
    path: "\u009b2J\u2028\u202e",
    error: new Error("x\nINFO forged"),
  });
  for (const part of text.split("\n").slice(1)) assertMatch(part, /^ {4}at /);
  assertStringIncludes(text, 'name="a\\nb"');
  for (const character of "\u001b\u009b\u2028\u202e") assertFalse(text.includes(character));
  assertEquals(written({}, (log) => log.info("a\nb"))[0]!.split("\n").length, 1);
});

test("log: an error is its message, with the stack in lines of its own", () => {
  const [first, ...frames] = line({ error: new TypeError("no such thing") }).split("\n");
  assertStringIncludes(first!, 'error="TypeError: no such thing"');
  assertMatch(frames.join("\n"), /log_test/);
  assertStringIncludes(
    JSON.parse(line({ error: new TypeError("no such thing") }, "json")).error,
    "TypeError: no such thing",
  );
});

test("log: what JSON cannot hold does not throw", () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  assertStringIncludes(line({ circle }), "Object that JSON cannot hold");
  assertStringIncludes(
    line({ big: 1n, inner: { big: 2n }, call: Symbol("s") }),
    'big=1 inner={"big":"2"} call="Symbol(s)"',
  );
});

test("log: colours are only for terminals", () => {
  assertStringIncludes(written({ colour: true }, (log) => log.error("x"))[0]!, "\x1b[31mERROR");
  assertFalse(written({}, (log) => log.error("x"))[0]!.includes("\x1b"));
});
