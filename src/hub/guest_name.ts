/**
 * What a guest is called: `guest-` and six hex digits that belong to the connection.
 *
 * Several dialects tell a guest's connection and not its name; whoever reads those can work it out here and calls a guest
 * what everybody else does. Imports nothing, so that a page of a browser can use it.
 */
export function guestName(connection: string): string {
  let hash = 0;
  for (let i = 0; i < connection.length; i++) hash = Math.imul(hash ^ connection.charCodeAt(i), 0x9e3779b1) >>> 0;
  return `guest-${(hash >>> 8).toString(16).padStart(6, "0")}`;
}
