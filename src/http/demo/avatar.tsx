/**
 * A person in a circle: initials, a colour of their own, and a dot that says how they are.
 */
import type { PresenceStatus } from "../../client/frames.ts";

const COLOURS = 8;

export function Avatar({ name, status }: { name: string; status?: PresenceStatus }) {
  const sum = [...name].reduce((total, letter) => total + (letter.codePointAt(0) ?? 0), 0);
  const initials = name.split(/\s+/).slice(0, 2).map((word) => [...word][0]).join("").toUpperCase();
  return (
    <span className={`avatar colour-${sum % COLOURS}`}>
      <span aria-hidden="true">{initials}</span>
      {status && <span className={`dot ${status}`} role="img" aria-label={status} title={status} />}
    </span>
  );
}
