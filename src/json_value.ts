/**
 * Values of an embedding program on their way to clients: what JSON can hold of them, and a copy of it.
 *
 * Frames, history and other nodes hold the same then, and what the program does to its object afterwards changes nothing.
 */
import { ParleyError } from "./errors.ts";

/** `attempt` is for the error message. Throws `bad_message` for what JSON cannot hold at all. */
export function jsonValue(value: unknown, attempt: string): unknown {
  const text = jsonOf(value, attempt);
  if (text === undefined) throw new ParleyError("bad_message", `Cannot ${attempt}: there is no data in it`);
  return JSON.parse(text);
}

function jsonOf(value: unknown, attempt: string): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    throw new ParleyError("bad_message", `Cannot ${attempt}: JSON cannot hold it (${error})`);
  }
}
