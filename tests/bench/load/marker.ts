/**
 * The marker inside every published text: which lane sent it, which message of that lane it is, and when it was due.
 * It is 15 bytes between two tildes and survives JSON unchanged, so a delivery is recognised in any dialect by looking
 * at bytes. Whoever makes texts for the load client uses it; nothing may put another tilde into a frame.
 */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const CODES = Uint8Array.from(ALPHABET, (letter) => letter.charCodeAt(0));
const VALUES = new Uint8Array(256);
CODES.forEach((code, value) => VALUES[code] = value);

const TILDE = 126;
const LANE = 3;
const SEQUENCE = 4;
const STAMP = 6;

export const MARKER_BYTES = 2 + LANE + SEQUENCE + STAMP;
export const MAX_LANES = 64 ** LANE;

const FILLER = "the quick brown fox jumps over the lazy dog ";

/** A text of exactly `bytes` bytes that begins with room for a marker. */
export function markedText(bytes: number): string {
  const space = "~" + "A".repeat(MARKER_BYTES - 2) + "~";
  return (space + FILLER.repeat(Math.ceil(bytes / FILLER.length))).slice(0, Math.max(bytes, MARKER_BYTES));
}

/** `-1` when `bytes[from..to)` holds no marker. */
export function findMarker(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at + MARKER_BYTES <= to; at++) if (isMarker(bytes, at)) return at;
  return -1;
}

export function isMarker(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === TILDE && bytes[at + MARKER_BYTES - 1] === TILDE;
}

export interface Mark {
  lane: number;
  sequence: number;
  /** Microseconds on the load client's clock, modulo 2^36 (19 hours). */
  stampUs: number;
}

export function writeMark(bytes: Uint8Array, at: number, mark: Readonly<Mark>): void {
  writeNumber(bytes, at + 1, LANE, mark.lane);
  writeNumber(bytes, at + 1 + LANE, SEQUENCE, mark.sequence);
  writeNumber(bytes, at + 1 + LANE + SEQUENCE, STAMP, mark.stampUs);
}

/** Fills `mark` in place: one object serves a whole run. */
export function readMark(bytes: Uint8Array, at: number, mark: Mark): void {
  mark.lane = readNumber(bytes, at + 1, LANE);
  mark.sequence = readNumber(bytes, at + 1 + LANE, SEQUENCE);
  mark.stampUs = readNumber(bytes, at + 1 + LANE + SEQUENCE, STAMP);
}

function writeNumber(bytes: Uint8Array, at: number, digits: number, value: number): void {
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    bytes[i] = CODES[rest % 64]!;
    rest = Math.floor(rest / 64);
  }
}

function readNumber(bytes: Uint8Array, at: number, digits: number): number {
  let value = 0;
  for (let i = at; i < at + digits; i++) value = value * 64 + VALUES[bytes[i]!]!;
  return value;
}
