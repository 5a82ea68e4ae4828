/**
 * Socket.IO packets as the rest of Parley sees them: whole, decoded, binary parts in place.
 *
 * Made by the Engine.IO session from what a peer sent, read by the socketio dialect. Types only.
 */

/** An event a peer sent into a namespace it has joined. */
export interface EventPacket {
  kind: "event";
  /** The event's name. Some peers number their events: `1`. */
  name: string | number;
  /** What followed the name. Binary parts are `Uint8Array`, at any depth. */
  args: unknown[];
  /** The peer waits for an acknowledgement that bears this id. */
  ack?: number;
  /** How many binary parts it has. */
  attachments: number;
  /** Its length on the wire in bytes (text: UTF-16 units), binary parts included. */
  size: number;
}

/** The peer acknowledged something; whoever asked has been told. Handed on only so that it counts as a message. */
export interface AckPacket {
  kind: "ack";
  size: number;
}

export type SocketioPacket = EventPacket | AckPacket;
