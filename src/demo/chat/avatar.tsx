/**
 * A person in a circle: initials, a colour of their own, and a dot that says how they are.
 */
import type { PresenceStatus } from "../../client/frames.ts";
import { hueOf, initialsOf } from "../shared/people.ts";

export function Avatar({ id, name, status }: { id: string; name: string; status?: PresenceStatus }) {
  return (
    <span className={`avatar hued ${hueOf(id)}`}>
      <span aria-hidden="true">{initialsOf(name)}</span>
      {status && <span className={`dot ${status}`} role="img" aria-label={status} title={status} />}
    </span>
  );
}
