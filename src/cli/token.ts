/**
 * `parley token --user alice --groups fleet --ttl 1h`: prints a token that the server with the same JWT_SECRET accepts.
 */
import { parseArgs } from "node:util";
import { type Config, loadConfig, parseDuration } from "../config/config.ts";
import { signToken, type TokenContent } from "../verifiers/sign.ts";
import { complainAbout, type ExitCode, type Terminal } from "./terminal.ts";

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

const OPTIONS = {
  user: { type: "string" },
  name: { type: "string" },
  groups: { type: "string" },
  rooms: { type: "string" },
  roles: { type: "string" },
  ttl: { type: "string", default: "1h" },
  secret: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

type Flags = Partial<Record<Exclude<keyof typeof OPTIONS, "help">, string>> & { help?: boolean };

export async function token(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const flags = readFlags(args);
  if ("problem" in flags) return refuse([flags.problem], terminal);
  if (flags.help) return print(TOKEN_USAGE, terminal);
  // Only the keys matter here, so what keeps a server from starting with or without one is left out.
  const env = {
    ...terminal.env,
    HOST: "127.0.0.1",
    DEMO: undefined,
    ...(flags.secret ? { JWT_SECRET: flags.secret } : {}),
  };
  const loaded = loadConfig({ args: [], env, readFile: terminal.readFile });
  const problems = "problems" in loaded ? loaded.problems : [];
  const { config } = "config" in loaded ? loaded : { config: undefined };
  const content = contentOf(flags, problems);
  if (config && !config.jwtSecret) problems.push(withoutSecret(config));
  if (!config?.jwtSecret || !content || problems.length > 0) return refuse(problems, terminal);
  return print(await signToken(content, signingOf(config, config.jwtSecret)), terminal);
}

function readFlags(args: readonly string[]): Flags | { problem: string } {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true }).values;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // node:util goes on to explain how to pass it as a positional argument, which there is none of.
    return { problem: reason.split(". ")[0]!.replace(/^\w/, (letter) => letter.toLowerCase()) };
  }
}

function contentOf(flags: Flags, problems: string[]): TokenContent | undefined {
  const ttlMs = parseDuration(flags.ttl ?? "");
  if (!flags.user) problems.push("--user: expected the user's id, got nothing");
  if (!(ttlMs > 0)) problems.push(`--ttl: expected a duration such as 1h or 30m, got "${flags.ttl}"`);
  if (!flags.user || !(ttlMs > 0)) return undefined;
  const { user, name } = flags;
  return { user, name, groups: list(flags.groups), rooms: list(flags.rooms), roles: list(flags.roles), ttlMs };
}

function signingOf({ jwtAlgorithms, jwtIssuer, jwtAudience }: Config, secret: string) {
  const algorithm = (["HS256", "HS384", "HS512"] as const).find((name) => jwtAlgorithms?.includes(name));
  return { secret, algorithm, issuer: jwtIssuer, audience: jwtAudience?.[0] };
}

function withoutSecret({ hasKey }: Config): string {
  if (hasKey) return "only public keys are configured; whoever holds the private key makes the tokens";
  return "there is no secret, set JWT_SECRET or give --secret; the key of a server in demo mode stays in it";
}

function list(text = ""): string[] {
  return text.split(",").map((part) => part.trim()).filter(Boolean);
}

function refuse(problems: readonly string[], terminal: Terminal): ExitCode {
  complainAbout(problems, "make a token", terminal);
  return 2;
}

function print(text: string, terminal: Terminal): ExitCode {
  terminal.print(text);
  return 0;
}
