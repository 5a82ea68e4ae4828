/**
 * Values of an embedding program on their way to clients: what JSON can hold of them, and a copy of it.
 *
 * Frames, history and other nodes hold the same then, and what the program does to its object afterwards changes nothing.
 */
import { ParleyError } from "../errors.ts";
import { randomId } from "../id.ts";

/** `attempt` is for the error message. Throws `bad_message` for what JSON cannot hold at all. */
export function jsonValue(value: unknown, attempt: string): unknown {
  return JSON.parse(jsonOf(value, { attempt }));
}

/** The same for data that came with bytes in it: they stay what they are. */
export function jsonValueWithBytes(value: unknown, attempt: string): unknown {
  const bytes: Uint8Array[] = [];
  // No text of the value begins like it.
  const mark = randomId(22);
  const json = jsonOf(value, {
    attempt,
    // What a Buffer's own toJSON has made of it is too late.
    replacer(this: Record<string, unknown>, name, inner) {
      const own = this[name];
      return own instanceof Uint8Array ? `${mark}${bytes.push(own) - 1}` : inner;
    },
  });
  return JSON.parse(json, (_, inner) => {
    return typeof inner === "string" && inner.startsWith(mark) ? bytes[Number(inner.slice(mark.length))] : inner;
  });
}

interface Writing {
  attempt: string;
  replacer?(this: Record<string, unknown>, name: string, inner: unknown): unknown;
}

function jsonOf(value: unknown, { attempt, replacer }: Writing): string {
  const text = written(value, { attempt, replacer });
  if (text === undefined) throw new ParleyError("bad_message", `Cannot ${attempt}: there is no data in it`);
  return text;
}

function written(value: unknown, { attempt, replacer }: Writing): string | undefined {
  try {
    return JSON.stringify(value, replacer);
  } catch (error) {
    throw new ParleyError("bad_message", `Cannot ${attempt}: JSON cannot hold it (${error})`);
  }
}
