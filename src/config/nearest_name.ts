/**
 * Messages that refuse a name nobody knows, with the known one that was most likely meant.
 */

/** `there is no flag "--prot", did you mean --port?`; `where`: ` in parley.json`. */
export function thereIsNo(kind: string, name: string, known: readonly string[], where = ""): string {
  return `there is no ${kind} "${name}"${where}${hintFor(name, known)}`;
}

/** `, did you mean user_id?`, or nothing if no known name is near. */
export function hintFor(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? "" : `, did you mean ${nearest}?`;
}

/** Undefined: the name resembles none of them. */
function nearestName(name: string, known: readonly string[]): string | undefined {
  const [best] = known.map((other) => ({ other, distance: editDistance(name.toLowerCase(), other.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  if (best && best.distance <= Math.max(2, name.length / 4)) return best.other;
  // `user` for `user_id`: most letters are missing, and yet nothing else can be meant.
  const longer = known.filter((other) => name.length >= MIN_HEAD && other.startsWith(name));
  return longer.length === 1 ? longer[0] : undefined;
}

const MIN_HEAD = 3;

/** Whether a name is one of these but for one letter. Short names resemble too much by chance. */
export function isLetterAway(name: string, known: readonly string[]): boolean {
  return name.length >= MIN_LENGTH && known.some((other) => editDistance(name, other) === 1);
}

const MIN_LENGTH = 5;

/** How many letters must be changed, added or taken away to come from one word to the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const change = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
