/**
 * The one list of the dialects: nothing else names one. A new one is a line in {@link DIALECT_FAMILIES}.
 *
 * Its order is that of DIALECTS in the help text, and the precedence on a path that several share.
 */
import type { DialectConfig, DialectContext, DialectFamily } from "./family.ts";
import type { AnyDialect, Dialect, ListedDialect } from "../dialect.ts";
import { socketioFamily } from "../socketio/dialect.ts";
import { envelopeFamily } from "./envelope.ts";
import { kebab, kebabFamily } from "./kebab.ts";
import { plainFamily } from "./plain.ts";
import { snake, snakeData, snakeFamily, snakeMessage } from "./snake.ts";
import { undecided } from "./undecided.ts";

export const DIALECT_FAMILIES = [envelopeFamily, socketioFamily, kebabFamily, snakeFamily, plainFamily] as const;

/** The dialect of Parley's own client, and with it of the demo's chat. */
export const CLIENT_DIALECT = envelopeFamily.name;

/** How messages are written over REST: as this dialect writes them. */
export const REST_SHAPE = { dialect: snake.name, dataOf: snakeData, show: snakeMessage };

/** Speaks for several dialects until the first frame shows which of them it is; what it says is kebab's. */
export function undecidedAmong(dialects: readonly AnyDialect[]): Dialect {
  return undecided(kebab, dialects);
}

interface Spoken {
  /** Absent: all there are. */
  readonly dialects?: readonly string[];
}

/** The names of the families that are switched on. */
export function spokenIn({ dialects }: Spoken, families: readonly DialectFamily[] = DIALECT_FAMILIES): string[] {
  const names = families.map(({ name }) => name);
  return dialects ? names.filter((name) => dialects.includes(name)) : names;
}

/** The dialects of a server, those that are switched off included: their paths and names keep their meaning. */
export function createDialects(
  config: DialectConfig & Spoken,
  families: readonly DialectFamily[] = DIALECT_FAMILIES,
): ListedDialect[] {
  const spoken = spokenIn(config, families);
  // It was read with the settings of the same families.
  const given: DialectContext = { config: { ...config }, isReserved: reservedBy(families) };
  return families.flatMap((family) => {
    const isOn = spoken.includes(family.name);
    return family.dialects(given).map((dialect) => ({ family: family.name, dialect, isOn }));
  });
}

/** Whether a name is one of any dialect's own. */
export function reservedBy(families: readonly DialectFamily[]): (name: string) => boolean {
  return (name) => families.some((family) => family.reserved?.(name));
}
