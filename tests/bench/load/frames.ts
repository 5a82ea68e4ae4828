/**
 * RFC 6455 from the client's side, by hand: the opening request, masked frames out, frames in counted without decoding.
 * Used by every connection of the load client. It must never copy a payload or make a string of one: at a million frames
 * a second that work would be the thing measured. Extensions are never offered, so no frame is compressed.
 */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface Opening {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

const encoder = new TextEncoder();

/** The opening request. The key is a constant: nothing here depends on its randomness, and the answer is not cached. */
export function openingRequest({ port, path, headers }: Opening): Uint8Array {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return encoder.encode(lines.join("\r\n") + "\r\n\r\n");
}

export function payloadBytes(payload: string | Uint8Array): Uint8Array {
  return typeof payload === "string" ? encoder.encode(payload) : payload;
}

/** One final, masked frame. `key` is any 32-bit number; servers unmask with whatever arrives. */
export function maskedFrame(opcode: number, payload: Uint8Array, key: number): Uint8Array {
  const size = payload.length;
  const head = size < 126 ? 6 : size < 65_536 ? 8 : 14;
  const frame = new Uint8Array(head + size);
  frame[0] = 0x80 | opcode;
  if (head === 6) frame[1] = 0x80 | size;
  else {
    frame[1] = 0x80 | (head === 8 ? 126 : 127);
    for (let value = size, at = head - 5; at >= 2; at--, value = Math.floor(value / 256)) frame[at] = value & 255;
  }
  const mask = [key >>> 24, (key >>> 16) & 255, (key >>> 8) & 255, key & 255] as const;
  frame.set(mask, head - 4);
  for (let i = 0; i < size; i++) frame[head + i] = payload[i]! ^ mask[i & 3]!;
  return frame;
}

/** Where a frame's payload lies: `bytes[start..end)`, valid only during the call. */
export type FrameVisitor = (opcode: number, bytes: Uint8Array, start: number, end: number) => void;

/** Cuts a byte stream into frames. A fragment is passed on like a frame of its own; no peer here fragments. */
export class FrameReader {
  #rest: Uint8Array | undefined;

  push(chunk: Uint8Array, visit: FrameVisitor): void {
    const bytes = this.#rest ? joined(this.#rest, chunk) : chunk;
    const size = bytes.length;
    let at = 0;
    while (at + 2 <= size) {
      let length = bytes[at + 1]! & 127;
      let start = at + 2;
      if (length >= 126) {
        start += length === 126 ? 2 : 8;
        if (start > size) break;
        length = 0;
        for (let i = at + 2; i < start; i++) length = length * 256 + bytes[i]!;
      }
      if (start + length > size) break;
      visit(bytes[at]! & 15, bytes, start, start + length);
      at = start + length;
    }
    this.#rest = at < size ? bytes.slice(at) : undefined;
  }
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}
