/**
 * The subcommands, run in place: `token`, `check` and the help; and once as a program of its own.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import packageJson from "../../package.json" with { type: "json" };
import { check } from "../../src/cli/check.ts";
import { usage } from "../../src/cli/help.ts";
import type { Terminal } from "../../src/cli/terminal.ts";
import { token } from "../../src/cli/token.ts";
import { flagOf, SETTINGS } from "../../src/config/config.ts";
import { createJwtVerifier } from "../../src/verifiers/jwt.ts";
import { VERSION } from "../../src/config/version.ts";
import { freePort, startServer } from "../harness.ts";

const SECRET = "a secret of at least thirty-two bytes";

interface Result {
  code: number;
  out: string;
  err: string;
}

async function run(
  command: (args: readonly string[], terminal: Terminal) => number | Promise<number>,
  args: string[],
  env: Record<string, string> = {},
): Promise<Result> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await command(args, {
    env,
    readFile: (path) => readFileSync(path, "utf8"),
    print: (line) => out.push(line),
    complain: (line) => err.push(line),
  });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

test("token: prints one that the server with the same secret accepts", async () => {
  const args = ["--user", "alice", "--name", "Alice", "--groups", "fleet, crew", "--rooms=team:*", "--roles", "admin"];
  const { code, out, err } = await run(token, [...args, "--ttl", "30m"], { JWT_SECRET: SECRET });
  assertEquals([code, err], [0, ""]);
  const identity = await (await createJwtVerifier({ secret: SECRET })).verify(out);
  assertEquals([identity.user, identity.name, identity.roles, identity.rooms], ["alice", "Alice", ["admin"], [
    "team:*",
  ]]);
  assertEquals(identity.groups, [{ id: "fleet" }, { id: "crew" }]);
  const minutesLeft = (identity.expiresAtMs! - Date.now()) / 60_000;
  assert(minutesLeft > 29 && minutesLeft <= 30.1, `${minutesLeft} minutes`);
});

test("token: fits issuer, audience and algorithm of the server", async () => {
  const env = { JWT_SECRET: SECRET, JWT_ISSUER: "me", JWT_AUDIENCE: "parley,shop", JWT_ALGORITHMS: "HS512" };
  const { out } = await run(token, ["--user", "alice"], env);
  const options = { secret: SECRET, issuer: "me", audience: ["parley"], algorithms: ["HS512"] };
  assertEquals((await (await createJwtVerifier(options)).verify(out)).user, "alice");
});

test("token: --secret counts before JWT_SECRET, and a HOST the server would refuse does not matter", async () => {
  const { out } = await run(token, ["--user", "a", "--secret", SECRET], { JWT_SECRET: "another", HOST: "0.0.0.0" });
  assertEquals((await (await createJwtVerifier({ secret: SECRET })).verify(out)).user, "a");
});

test("token: says what is missing or wrong, with exit code 2", async () => {
  const nothing = await run(token, []);
  assertEquals(nothing.code, 2);
  assertStringIncludes(nothing.err, "--user: expected the user's id, got nothing");
  assertStringIncludes(nothing.err, "there is no secret, set JWT_SECRET or give --secret");
  const env = { JWT_SECRET: SECRET };
  assertStringIncludes(
    (await run(token, ["--user", "a", "--ttl", "1"], env)).err,
    '--ttl: expected a duration such as 1h or 30m, got "1"',
  );
  assertStringIncludes((await run(token, ["--user", "a", "--ttl", "0s"], env)).err, "--ttl: expected a duration");
  const unknown = await run(token, ["--usr", "a"], env);
  assertEquals(unknown.err, 'Cannot make a token: there is no flag "--usr", did you mean --user?');
  const published = await run(token, ["--user", "a"], { JWKS_URL: "https://id.example/jwks" });
  assertEquals(published.code, 2);
  assertStringIncludes(published.err, "only public keys are configured");
  assertEquals([nothing.out, published.out], ["", ""]);
});

test("check: 0 if the server is well, 1 if it is not or is not there, 2 if the question is wrong", async () => {
  const port = await freePort();
  let status = 200;
  const body = { stats: { active_connections: 3, total_rooms: 2 }, message: "The server is going away" };
  const server = createServer((request, response) => {
    response.writeHead(request.url === "/status" ? status : 404).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${port}`;
  const env = { PORT: `${port},1`, HOST: "0.0.0.0", JWT_SECRET: "a secret of at least thirty-two bytes" };
  const well = { code: 0, out: `healthy: ${url}/status, 3 connections, 2 rooms`, err: "" };
  assertEquals(await run(check, [], env), well);
  assertEquals(await run(check, [url]), well);
  status = 503;
  assertEquals(await run(check, [`${url}/status`]), {
    code: 1,
    out: "",
    err: `unhealthy: ${url}/status answers 503: The server is going away`,
  });
  await new Promise((resolve) => server.close(resolve));
  const gone = await run(check, [url]);
  assertEquals(gone.code, 1);
  assertStringIncludes(gone.err, `unhealthy: ${url}/status does not answer`);
  assertEquals((await run(check, ["localhost"])).code, 2);
  assertEquals((await run(check, [], { PORT: "0" })).code, 2);
});

test("help: lists every setting with its flag and its default, in lines of at most 120 characters", () => {
  const text = usage();
  for (const setting of Object.values(SETTINGS)) {
    const at = text.indexOf(`  ${flagOf(setting)}`);
    assert(at > 0, `${flagOf(setting)} is missing`);
    const entry = text.slice(at, text.indexOf("\n  --", at + 1));
    assertStringIncludes(entry, setting.help);
    if (setting.default) assertStringIncludes(entry, `[${setting.default}]`);
    if (setting.noEffect) assertStringIncludes(entry, "without effect");
  }
  const long = text.split("\n").filter((line) => line.length > 120);
  assertEquals(long, []);
});

test("version: is the one of the package", () => {
  assertEquals(VERSION, packageJson.version);
});

test("program: subcommands, help and version are reached from the command line", { timeout: 30_000 }, async () => {
  const started = async (args: string[], env: Record<string, string> = {}) => {
    await using process = startServer({ args, env: { PORT: "0", ...env } });
    return { ...await process.exited, output: process.output().trim() };
  };
  assertEquals(await started(["--version"]), { code: 0, signal: null, output: VERSION });
  assertEquals((await started(["--help"])).output, usage());
  const made = await started(["token", "--user", "alice"], { JWT_SECRET: SECRET });
  assertEquals((await (await createJwtVerifier({ secret: SECRET })).verify(made.output)).user, "alice");
  const stranger = await started(["tokn"]);
  assertEquals(stranger.code, 2);
  assertStringIncludes(
    stranger.output,
    'Cannot run "tokn": there is no such command, only token, check, help, version',
  );
  assertEquals((await started(["check", `http://127.0.0.1:${await freePort()}`])).code, 1);
});
