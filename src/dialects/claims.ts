/**
 * Names under which the dialects say who speaks and when. That is the server's word alone: where the fields of a client
 * stand beside the server's own, these are left out, even those that the dialect itself would not overwrite.
 */
export const IDENTITY_CLAIMS: ReadonlySet<string> = new Set([
  ...["from", "clientId", "senderConnectionId", "sender_client_id", "userId", "senderId", "user_id"],
  ...["sender_user_id", "username", "senderName", "sender_name"],
]);

/** The same for a message, which has an id, a time and a place too. */
export const CLAIMS: ReadonlySet<string> = new Set([
  ...IDENTITY_CLAIMS,
  ...["id", "timestamp", "createdAt", "position"],
]);
