/**
 * `parley --help` and the table of docs/settings.md: every setting, from the table that the settings are read with.
 */
import { flagOf, groupsFor, type Setting, settingsFor } from "../config/config.ts";
import { DIALECT_FAMILIES } from "../dialects/all.ts";
import { VERSION } from "../config/version.ts";

const COLUMN = 43;

const HEAD = `Parley ${VERSION}, a WebSocket room server

  parley [settings]               serve
  parley token --user NAME        print a token for a user
  parley check [URL]              ask a running server whether it is well, for health checks
  parley --version | --help [--markdown]

A setting is a flag (--port 3000), an environment variable (PORT=3000) or a key of the JSON file that CONFIG names
("port": 3000), the first of these counts. Durations: 54s, 1m30s, 500ms. Sizes: bytes, 64KiB, 1MiB. Lists: a,b,c.`;

const ROOM_RULES = `In the CONFIG file only
  "rooms": [{"match": "thread:*", "join": "authenticated", "publish": "member", "presence": true,
             "history": {"size": 100, "ttl": "1h"}, "maxMembers": 200}, …]
  The first rule whose "match" (a name or prefix*) fits a room decides; all but "match" may be left out.
    join       anyone, authenticated, listed (in the token's rooms), nobody   [anyone]
    publish    member, authenticated, anyone, nobody   [member]
    presence   whether members see who is in, comes and goes   [true]
    history    how much is kept; false: nothing   [HISTORY_SIZE for HISTORY_TTL]
    maxMembers 0: as WEBSOCKET_MAX_MEMBERS says   [0]
    coalesce   while the room is busy, how long messages may wait to be sent together: "4ms"   [not at all]`;

/** The text of --help. */
export function usage(): string {
  const groups = Object.entries(groupsFor(DIALECT_FAMILIES)).map(([name, settings]) =>
    [name, ...Object.values(settings).map(line)].join("\n")
  );
  return [HEAD, ...groups, ROOM_RULES].join("\n\n");
}

/** The table of docs/settings.md, in Markdown; settings without effect share a line with those of the same reason. */
export function settingsTable(): string {
  const settings: Setting[] = Object.values(settingsFor(DIALECT_FAMILIES));
  const idle = Map.groupBy(settings.filter((setting) => setting.noEffect), (setting) => setting.noEffect);
  const rows = [
    ...settings.filter((setting) => !setting.noEffect).map((setting) =>
      [[setting], standardOf(setting), setting.help] as const
    ),
    ...[...idle].map(([reason, group]) => [group, "", `accepted, without effect: ${reason}`] as const),
  ];
  const lines = rows.map(([group, standard, text]) => {
    return `| ${group.map(({ env }) => `\`${env}\``).join(" ")} | ${cell(standard)} | ${cell(text)} |`;
  });
  return ["| setting | default | meaning |", "| --- | --- | --- |", ...lines].join("\n");
}

function line(setting: Setting): string {
  const flag = `  ${flagOf(setting)}${setting.toggle ? "[=0]" : ` ${setting.placeholder}`}`;
  const standard = setting.default || setting.otherwise;
  const text = `${meaning(setting)}${standard ? `   [${standard}]` : ""}`;
  // A flag that is too long for its column has a line of its own.
  return flag.length < COLUMN - 1 ? flag.padEnd(COLUMN) + text : `${flag}\n${" ".repeat(COLUMN)}${text}`;
}

function meaning({ help, noEffect }: Setting): string {
  return noEffect ? `${help}, without effect: ${noEffect}` : help;
}

function standardOf({ default: standard, otherwise = "" }: Setting): string {
  return standard ? `\`${standard}\`` : otherwise;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
