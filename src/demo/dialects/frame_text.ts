/**
 * A frame as the page prints it: one word that says what it is, and its JSON in colours.
 */

const PACKETS: Record<string, string> = {
  0: "open",
  2: "ping",
  3: "pong",
  40: "connect",
  41: "disconnect",
  44: "refused",
};
const TOKENS = /("(?:[^"\\]|\\.)*"(?=:)|"(?:[^"\\]|\\.)*"|-?\d[\d.e+-]*|true|false|null)/;

/** A frame is JSON, in Socket.IO behind the numbers of its packet. */
function parts(frame: string): { head: string; value?: unknown } {
  const [, head = "", body = ""] = /^(\d*)(.*)$/s.exec(frame) ?? [];
  try {
    return { head, value: JSON.parse(body) };
  } catch {
    return { head: frame };
  }
}

export function kindOf(frame: string): string {
  const { head, value } = parts(frame);
  if (Array.isArray(value)) return head.startsWith("43") ? "ack" : String(value[0]);
  return head === "" ? String(Object(value).type ?? "") : PACKETS[head] ?? head;
}

/** Of a pretty-printed frame: its pieces, each with the class of its colour where it has one. */
export function coloured(frame: string): { text: string; colour?: string }[] {
  const { head, value } = parts(frame);
  if (value === undefined) return [{ text: head }];
  const tokens = JSON.stringify(value, null, 2).split(TOKENS);
  const pieces = tokens.map((text, index) => {
    if (index % 2 === 0) return { text };
    const isKey = text.startsWith('"') && tokens[index + 1]?.startsWith(":");
    return { text, colour: isKey ? "k" : text.startsWith('"') ? "s" : "n" };
  });
  return head === "" ? pieces : [{ text: `${head} `, colour: "n" }, ...pieces];
}
