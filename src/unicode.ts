/**
 * Text on its way out. What leaves the server is well-formed Unicode, whatever came in: parsers that are stricter than
 * those of JavaScript would refuse a frame with half a surrogate pair, and one sender could shut out all its readers.
 */

/** JSON.stringify writes such a half as an escape, and nothing else of ours begins like it but an escaped backslash. */
const HALF_PAIR_HEAD = "\\ud";
const ESCAPES = /\\(?:ud[89a-f][0-9a-f]{2}|.)/g;

/** As JSON.stringify, in well-formed Unicode; `value` must be something that JSON can hold. */
export function toWellFormedJson(value: unknown): string {
  return wellFormedJson(JSON.stringify(value));
}

/** What JSON.stringify has made, with U+FFFD for halves of surrogate pairs. */
export function wellFormedJson(json: string): string {
  if (!json.includes(HALF_PAIR_HEAD)) return json;
  return json.replace(ESCAPES, (escape) => escape.startsWith(HALF_PAIR_HEAD) ? "\ufffd" : escape);
}

/** The beginning of a text: at most `length` UTF-16 units, and no character cut in two. */
export function cutText(text: string, length: number): string {
  if (text.length <= length) return text;
  const isPairSplit = text.codePointAt(length - 1)! > 0xffff;
  return text.slice(0, isPairSplit ? length - 1 : length);
}
