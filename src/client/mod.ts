/**
 * `parley-client`: what a browser, Bun, Deno or Node imports. Also served as `/client.js`.
 */
export { createClient } from "./client.ts";
export type { Client, ClientEvents } from "./client.ts";
export type { ClientError, ClientErrorCode } from "./client_error.ts";
export type * from "./frames.ts";
export type { ConnectionState, Status } from "./link.ts";
export type { ClientOptions } from "./options.ts";
export type { Platform, SocketLike } from "./platform.ts";
export type { Gap, Room, RoomSnapshot, RoomStatus } from "./room.ts";
export type { Schema } from "./schema.ts";
export type { TokenSource } from "./token.ts";
