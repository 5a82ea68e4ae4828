/**
 * What a subcommand sees of the outside, and what all of them have in common. They touch neither the process nor its
 * environment, so tests run them in place.
 */
import type { Sources } from "../config/config.ts";

export interface Terminal extends Pick<Sources, "env" | "readFile"> {
  /** A line to standard output. */
  print(line: string): void;
  /** A line to standard error. */
  complain(line: string): void;
}

/** Exit codes: 0 as asked, 1 it could not be done, 2 the command line or the settings are wrong. */
export type ExitCode = 0 | 1 | 2;

export function asksForHelp(args: readonly string[]): boolean {
  return args.some((argument) => argument === "--help" || argument === "-h");
}

/** Everything that is wrong, at once. */
export function complainAbout(problems: readonly string[], attempt: string, { complain }: Terminal): void {
  if (problems.length === 1) return complain(`Cannot ${attempt}: ${problems[0]}`);
  complain(`Cannot ${attempt}, ${problems.length} problems:`);
  for (const problem of problems) complain(`  - ${problem}`);
}
