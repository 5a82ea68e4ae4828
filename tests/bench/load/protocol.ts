/**
 * What the load client must know of a wire protocol: where to connect, what to say before messages flow, and how one
 * message is published. A delivery needs no description: any frame that carries a marker is one.
 * The tables are `protocols.ts` (text) and `foreign_protocols.ts` (NATS, MQTT).
 */
export interface Seat {
  readonly room: string;
  /** A JWT for protocols that ask for one, or for runs that measure its cost. */
  readonly token?: string;
}

/** Sent and awaited one after another once the connection is upgraded. */
export interface Step {
  readonly send?: string | Uint8Array;
  /** Characters that the awaited frame contains, read as Latin-1. */
  readonly until: string;
}

export interface Protocol {
  readonly name: string;
  /** Connects only with a token. */
  readonly wantsToken?: boolean;
  path(seat: Seat): string;
  headers?(seat: Seat): Record<string, string>;
  opening(seat: Seat): readonly Step[];
  publish(room: string, text: string): string | Uint8Array;
  /** The steps that leave and join again, for servers that announce both. */
  leave?(room: string): Step;
  join?(room: string): Step;
  /** A frame that the server expects back, e.g. Engine.IO's ping. */
  readonly heartbeat?: { readonly ping: string; readonly pong: string };
  /** One frame may hold several deliveries. */
  readonly batches?: boolean;
}

export const json = (value: unknown): string => JSON.stringify(value);
