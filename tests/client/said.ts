/**
 * A message of somebody else in the lobby, as the server sends it.
 */
export function said(text: string, offset: number, room = "lobby") {
  return {
    type: "message",
    id: `m${offset}`,
    message_id: `m${offset}`,
    room,
    from: "c2",
    user_id: "u2",
    username: "Ann",
    timestamp: 0,
    data: { text },
    position: { epoch: "e", offset },
  };
}
