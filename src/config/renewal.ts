/**
 * What a running server takes over of a configuration that was read anew, and what has to wait for its restart.
 */
import type { Config } from "./resolve.ts";
import { type SettingKey, SETTINGS } from "./settings.ts";

type Key = keyof Config;

const CERTIFICATE: readonly Key[] = ["tlsCert", "tlsKey"];
const KEYS: readonly Key[] = [
  ...["jwtSecret", "jwtPublicKey", "jwksUrl", "jwtIssuer", "jwtAudience", "jwtAlgorithms", "jwtLeewayMs"] as const,
];
/** What a room keeps unless its rule says otherwise is part of the rules. */
const ROOMS: readonly Key[] = ["rooms", "defaultRoom", "historySize", "historyTtlMs"];

export interface Renewal {
  /** What is taken over: the running configuration with these is the new one. */
  changes: Partial<Config>;
  /** Settings that are taken over, by their environment names; `rooms` stands for the rules. */
  taken: string[];
  /** Settings that have changed too, and count only after a restart. */
  waiting: string[];
  hasNew: { certificate: boolean; keys: boolean; rooms: boolean };
}

export function renewalOf(running: Config, fresh: Config): Renewal {
  const changed = (Object.keys({ ...running, ...fresh }) as Key[]).filter((key) => !isSame(running[key], fresh[key]));
  const renewable = [
    // Whether there is a certificate, or any key at all, decides about more than itself.
    ...(running.tlsCert !== undefined && fresh.tlsCert !== undefined ? CERTIFICATE : []),
    ...(running.hasKey && fresh.hasKey ? KEYS : []),
    ...ROOMS,
  ];
  const taken = changed.filter((key) => renewable.includes(key));
  const waiting = changed.filter((key) => !renewable.includes(key));
  const among = (group: readonly Key[]) => taken.some((key) => group.includes(key));
  return {
    changes: Object.fromEntries(taken.map((key) => [key, fresh[key]])),
    taken: namesOf(taken),
    waiting: namesOf(waiting),
    hasNew: { certificate: among(CERTIFICATE), keys: among(KEYS), rooms: among(ROOMS) },
  };
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** What only follows from others is left out, but for the paths, which follow from several. */
function namesOf(keys: readonly Key[]): string[] {
  return keys.flatMap((key) => {
    if (key in SETTINGS) return SETTINGS[key as SettingKey].env;
    return key === "rooms" || key === "paths" ? key : [];
  });
}
