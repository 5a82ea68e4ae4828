/** Flags of a command line, the program's and those of its subcommands: how they are written, and what is said of wrong ones. */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { check } from "../../src/cli/check.ts";
import { token } from "../../src/cli/token.ts";
import { readFlags } from "../../src/config/flags.ts";
import { problemsOf } from "./settings_given.ts";

const KNOWN = {
  "--port": { expects: "a port" },
  "--secret": { expects: "some text" },
  "--demo": { expects: "1 or 0", toggle: true },
};

test("a value follows a space or an equals sign, whatever it looks like; the last of several counts", () => {
  const rows: [args: string[], values: Record<string, string>][] = [
    [["--port", "1"], { "--port": "1" }],
    [["--port=1"], { "--port": "1" }],
    [["--secret=a=b"], { "--secret": "a=b" }],
    [["--secret="], { "--secret": "" }],
    [["--secret", "-x", "--port", " 2 "], { "--secret": "-x", "--port": "2" }],
    [["--port", "1", "--port=2"], { "--port": "2" }],
  ];
  for (const [args, values] of rows) {
    assertEquals([args, readFlags(args, KNOWN)], [
      args,
      { values: new Map(Object.entries(values)) as never, words: [], problems: [] },
    ]);
  }
});

test("a switch may stand alone, and takes the word behind it", () => {
  const rows: [args: string[], demo: string, port?: string][] = [
    [["--demo"], "1"],
    [["--demo", "0"], "0"],
    [["--demo=off"], "off"],
    [["--demo", "--port", "3"], "1", "3"],
    [["--demo", "0", "--port", "3"], "0", "3"],
  ];
  for (const [args, demo, port] of rows) {
    const { values, words, problems } = readFlags(args, KNOWN);
    assertEquals([args, values.get("--demo"), values.get("--port"), words, problems], [args, demo, port, [], []]);
  }
});

test("one mistake is one problem, with the flag that was meant", () => {
  const rows: [args: string[], problems: string[], words?: string[]][] = [
    [["--prot", "3000"], ['there is no flag "--prot", did you mean --port?']],
    [["--prot=3000"], ['there is no flag "--prot", did you mean --port?']],
    [["-port", "3000"], ['there is no flag "-port", did you mean --port?']],
    [["-x"], ['there is no flag "-x"']],
    [["--no-such-thing"], ['there is no flag "--no-such-thing"']],
    [["--constructor", "1"], ['there is no flag "--constructor"']],
    [["--port"], ["--port: expected a port, got nothing"]],
    [["--prot", "1", "--scret", "2"], [
      'there is no flag "--prot", did you mean --port?',
      'there is no flag "--scret", did you mean --secret?',
    ]],
    [["a", "--port", "1", "b", "-", "--", "--port"], [], ["a", "b", "-", "--port"]],
  ];
  for (const [args, problems, words = []] of rows) {
    const found = readFlags(args, KNOWN);
    assertEquals([args, found.problems, found.words], [args, problems, words]);
  }
});

test("the program and its subcommands refuse a wrong flag in the same words", async () => {
  const said = async (command: typeof token | typeof check, args: string[]) => {
    const lines: string[] = [];
    const terminal = {
      env: { JWT_SECRET: "a secret of at least thirty-two bytes" },
      readFile: () => "",
      print: (line: string) => void lines.push(line),
      complain: (line: string) => void lines.push(line),
    };
    assertEquals(await command(args, terminal), 2);
    return lines;
  };
  assertEquals(problemsOf({ args: ["--websocket-pong-wiat", "1s"] }), [
    'there is no flag "--websocket-pong-wiat", did you mean --websocket-pong-wait?',
  ]);
  assertEquals(await said(token, ["--usr", "ann"]), [
    'Cannot make a token: there is no flag "--usr", did you mean --user?',
  ]);
  assertEquals(await said(token, ["--user", "ann", "bob"]), ['Cannot make a token: there is no argument "bob"']);
  assertEquals(await said(check, ["--url=http://127.0.0.1"]), ['Cannot check a server: there is no flag "--url"']);
});
