/** All scripts, for the client to know them by name. */
import { DROP_FOREIGN } from "./foreign_values.ts";
import { BEAT, ENTER, FIND, IDENTIFY, LEAVE, ROSTER, UPDATE } from "./presence_scripts.ts";
import { PUBLISH, READ } from "./room_scripts.ts";
import type { Script } from "./script.ts";
import { INBOX_ADD, INBOX_LIST, INBOX_READ, SET_STATUS } from "./store_scripts.ts";

export const ALL_SCRIPTS: readonly Script[] = [
  PUBLISH,
  READ,
  ENTER,
  LEAVE,
  IDENTIFY,
  UPDATE,
  ROSTER,
  FIND,
  BEAT,
  SET_STATUS,
  INBOX_ADD,
  INBOX_LIST,
  INBOX_READ,
  DROP_FOREIGN,
];
