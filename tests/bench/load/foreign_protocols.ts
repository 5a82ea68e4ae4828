/**
 * NATS and MQTT 3.1.1 over WebSocket, as much of them as a subscriber and publisher at most once needs: references
 * written in Go and C beside the JavaScript servers. Control packets of both fit into one frame each.
 */
import { payloadBytes } from "./frames.ts";
import type { Protocol, Seat } from "./protocol.ts";

export const nats: Protocol = {
  name: "nats",
  path: () => "/",
  opening: ({ room }) => [
    { until: "INFO" },
    { send: payloadBytes(`CONNECT {"verbose":false,"pedantic":false}\r\nSUB ${room} 1\r\nPING\r\n`), until: "PONG" },
  ],
  publish: (room, text) => payloadBytes(`PUB ${room} ${text.length}\r\n${text}\r\n`),
  batches: true,
};

const mqttString = (text: string): number[] => {
  const bytes = payloadBytes(text);
  return [bytes.length >> 8, bytes.length & 255, ...bytes];
};

/** A body below 16 kB: one or two bytes of length. */
const mqttPacket = (kind: number, body: readonly number[]): Uint8Array =>
  Uint8Array.from([
    kind,
    ...(body.length < 128 ? [body.length] : [body.length & 127 | 128, body.length >> 7]),
    ...body,
  ]);

const connectPacket = (): Uint8Array =>
  mqttPacket(0x10, [...mqttString("MQTT"), 4, 2, 0, 0, ...mqttString(crypto.randomUUID().slice(0, 20))]);

export const mqtt: Protocol = {
  name: "mqtt",
  path: () => "/mqtt",
  headers: () => ({ "Sec-WebSocket-Protocol": "mqtt" }),
  opening: ({ room }: Seat) => [
    { send: connectPacket(), until: "\x20\x02\x00\x00" },
    { send: mqttPacket(0x82, [0, 1, ...mqttString(room), 0]), until: "\x90\x03" },
  ],
  publish: (room, text) => mqttPacket(0x30, [...mqttString(room), ...payloadBytes(text)]),
  batches: true,
};
