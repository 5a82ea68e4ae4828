/**
 * What is said once in the log about a configuration that works: settings without effect, and what it allows that its
 * operator may not have meant, with the cure.
 */
import type { Config } from "./resolve.ts";
import type { Setting } from "./kinds.ts";
import type { RoomRule } from "./rooms.ts";
import { type SettingKey, SETTINGS, type Values } from "./settings.ts";

export function notesOf(values: Values, config: Config): string[] {
  return [...noEffects(values, config), ...weaknessesOf(config)];
}

function noEffects(values: Values, config: Config): string[] {
  const rows = Object.entries(SETTINGS) as [SettingKey, Setting][];
  const notes = rows.filter(([key, setting]) => setting.noEffect && values[key] !== undefined)
    .map(([, setting]) => `${setting.env} has no effect: ${setting.noEffect}`);
  if (values.adminPort === undefined && values.adminHost !== SETTINGS.adminHost.default) {
    notes.push("ADMIN_HOST has no effect: there is no ADMIN_PORT");
  }
  if (values.adminPort === undefined && values.adminHosts.length > 0) {
    notes.push("ADMIN_HOSTS has no effect: there is no ADMIN_PORT");
  }
  if (config.redisUrl && config.broker !== "redis") notes.push(`REDIS_URL has no effect: BROKER is ${config.broker}`);
  return notes;
}

export function weaknessesOf(config: Config): string[] {
  return [...weakSecret(config), ...tokensForOthers(config), ...openToGuests(config)];
}

function weakSecret({ jwtSecret, jwtAlgorithms }: Config): string[] {
  const bytes = new TextEncoder().encode(jwtSecret).length;
  const strongest = jwtAlgorithms && !jwtAlgorithms.includes("HS256") ? jwtAlgorithms.includes("HS384") ? 48 : 64 : 32;
  if (jwtSecret === undefined || bytes >= strongest) return [];
  return [`JWT_SECRET is weak: ${bytes} bytes, its algorithm asks for ${strongest}`];
}

/** A secret is shared with whoever makes tokens for this server; a provider signs for many. */
function tokensForOthers({ jwksUrl, jwtIssuer, jwtAudience }: Config): string[] {
  if (!jwksUrl || jwtAudience) return [];
  const cure = jwtIssuer ? "JWT_AUDIENCE" : "JWT_AUDIENCE and JWT_ISSUER";
  return [
    `JWKS_URL without ${cure}: tokens that the provider signed for other programs are good here too, set ${cure}`,
  ];
}

/** A key alone keeps nobody out: it only lets users show who they are. */
function openToGuests({ hasKey, websocketRequireAuth, rooms, defaultRoom }: Config): string[] {
  if (!hasKey || websocketRequireAuth) return [];
  const open = [...ruling(rooms), ...(rooms.some(isForAll) ? [] : [defaultRoom])].filter(({ join }) =>
    join === "anyone"
  );
  if (open.length === 0) return [];
  const which = open.some(isForAll) ? "every room that no rule closes" : `the rooms ${open.map(({ match }) => match)}`;
  return [
    `guests may join ${which} and read what is kept there, although a key is configured: set WEBSOCKET_REQUIRE_AUTH=1, ` +
    'or give the rooms rules with "join":"authenticated"',
  ];
}

/** A rule for all rooms hides those behind it. */
function ruling(rooms: readonly RoomRule[]): readonly RoomRule[] {
  const last = rooms.findIndex(isForAll);
  return last < 0 ? rooms : rooms.slice(0, last + 1);
}

function isForAll({ match }: RoomRule): boolean {
  return match === "*";
}
