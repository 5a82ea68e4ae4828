/**
 * `parley token --user alice --groups fleet --ttl 1h`: prints a token that the server with the same JWT_SECRET accepts.
 */
import { type Config, loadConfig, parseDuration } from "../config/config.ts";
import { DIALECT_FAMILIES } from "../dialects/all.ts";
import { readFlags } from "../config/flags.ts";
import { thereIsNo } from "../config/nearest_name.ts";
import { signToken, type TokenContent } from "../verifiers/sign.ts";
import { asksForHelp, complainAbout, type ExitCode, type Terminal } from "./terminal.ts";

export const TOKEN_USAGE = `parley token --user NAME [settings]

Prints a token signed with JWT_SECRET.

  --user NAME         the user's id
  --name NAME         the name shown to others; default: the id
  --groups NAME,…     groups whose rooms the bearer is in
  --rooms NAME,…      rooms the bearer may join beside what the rules allow; prefix* is possible
  --roles NAME,…      roles, such as admin
  --ttl DURATION      how long it is valid; default: 1h
  --secret SECRET     sign with this instead of JWT_SECRET

JWT_ISSUER and JWT_AUDIENCE are written into it, and the first HS algorithm of JWT_ALGORITHMS is used, if they are set.`;

const NAMES = { expects: "names with commas between them" };
const FLAGS = {
  "--user": { expects: "the user's id" },
  "--name": { expects: "the name shown to others" },
  "--groups": NAMES,
  "--rooms": NAMES,
  "--roles": NAMES,
  "--ttl": { expects: "a duration such as 1h or 30m" },
  "--secret": { expects: "the secret to sign with" },
};

const DEFAULT_TTL = "1h";

type Given = ReadonlyMap<keyof typeof FLAGS, string>;

export async function token(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  if (asksForHelp(args)) return print(TOKEN_USAGE, terminal);
  const { values: given, words, problems: wrong } = readFlags(args, FLAGS);
  wrong.push(...words.map((word) => thereIsNo("argument", word, Object.keys(FLAGS))));
  if (wrong.length > 0) return reportProblems(wrong, terminal);
  const loaded = loadConfig(
    { args: [], env: environmentFor(given, terminal), readFile: terminal.readFile },
    DIALECT_FAMILIES,
  );
  const problems = "problems" in loaded ? loaded.problems : [];
  const { config } = "config" in loaded ? loaded : { config: undefined };
  const content = contentOf(given, problems);
  if (config && !config.jwtSecret) problems.push(withoutSecret(config));
  if (!config?.jwtSecret || !content || problems.length > 0) return reportProblems(problems, terminal);
  return print(await signToken(content, signingOf(config, config.jwtSecret)), terminal);
}

/** Only the keys matter here, so what keeps a server from starting with or without one is left out. */
function environmentFor(given: Given, { env }: Terminal): Terminal["env"] {
  const secret = given.get("--secret");
  return { ...env, HOST: "127.0.0.1", DEMO: undefined, ...(secret ? { JWT_SECRET: secret } : {}) };
}

function contentOf(given: Given, problems: string[]): TokenContent | undefined {
  const user = given.get("--user");
  const ttl = given.get("--ttl") ?? DEFAULT_TTL;
  const ttlMs = parseDuration(ttl);
  if (!user) problems.push(`--user: expected ${FLAGS["--user"].expects}, got nothing`);
  if (!(ttlMs > 0)) problems.push(`--ttl: expected ${FLAGS["--ttl"].expects}, got "${ttl}"`);
  if (!user || !(ttlMs > 0)) return undefined;
  const list = (flag: "--groups" | "--rooms" | "--roles") => listOf(given.get(flag));
  return {
    user,
    name: given.get("--name"),
    groups: list("--groups"),
    rooms: list("--rooms"),
    roles: list("--roles"),
    ttlMs,
  };
}

function signingOf({ jwtAlgorithms, jwtIssuer, jwtAudience }: Config, secret: string) {
  const algorithm = (["HS256", "HS384", "HS512"] as const).find((name) => jwtAlgorithms?.includes(name));
  return { secret, algorithm, issuer: jwtIssuer, audience: jwtAudience?.[0] };
}

function withoutSecret({ hasKey }: Config): string {
  if (hasKey) return "only public keys are configured; whoever holds the private key makes the tokens";
  return "there is no secret, set JWT_SECRET or give --secret; the key of a server in demo mode stays in it";
}

function listOf(text = ""): string[] {
  return text.split(",").map((part) => part.trim()).filter(Boolean);
}

function reportProblems(problems: readonly string[], terminal: Terminal): ExitCode {
  complainAbout(problems, "make a token", terminal);
  return 2;
}

function print(text: string, terminal: Terminal): ExitCode {
  terminal.print(text);
  return 0;
}
