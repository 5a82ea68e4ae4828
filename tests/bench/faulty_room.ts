/**
 * A room server that errs on purpose, for the self-test of the load client: it loses, doubles, swaps or withholds one
 * copy, or hangs up on one member. Runs on both runtimes, speaks the raw protocol, and knows nothing of the client.
 */
import { Buffer } from "node:buffer";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { payloadBytes } from "./load/frames.ts";

/** What happens to the fifth message on its way to the last member. */
export type Fault = "none" | "lose" | "double" | "swap" | "hang up" | "other room";

export interface FaultyRoom {
  readonly port: number;
  close(): void;
}

const FAULTY_MESSAGE = 5;
const HEAD = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

export function openFaultyRoom(fault: Fault): Promise<FaultyRoom> {
  const members: Socket[] = [];
  let messages = 0;
  let heldBack: Uint8Array | undefined;

  const toLast = (member: Socket, frame: Uint8Array) => {
    const faulty = messages === FAULTY_MESSAGE;
    if (heldBack && !faulty) {
      frame = Buffer.concat([frame, heldBack]);
      heldBack = undefined;
    }
    if (!faulty || fault === "none") member.write(frame);
    else if (fault === "double") member.write(Buffer.concat([frame, frame]));
    else if (fault === "swap") heldBack = frame;
    else if (fault === "hang up") member.destroy();
    else if (fault === "other room") member.write(Buffer.concat([frame, ofAnotherRoom(frame)]));
  };
  const publish = (frame: Uint8Array) => {
    messages++;
    members.forEach((member, index) => index === members.length - 1 ? toLast(member, frame) : member.write(frame));
  };

  const server = createServer((socket) => {
    let frames: Uint8Array = new Uint8Array();
    socket.on("error", () => socket.destroy());
    socket.once("data", () => {
      members.push(socket);
      // Cut in odd places, as a network does.
      socket.write(Buffer.concat([Buffer.from(HEAD), textFrame(`{"type":"connected"}`).subarray(0, 1)]));
      socket.write(textFrame(`{"type":"connected"}`).subarray(1));
      socket.on(
        "data",
        (chunk) => frames = unmasked(Buffer.concat([frames, payloadBytes(chunk)]), (text) => publish(textFrame(text))),
      );
    });
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      resolve({ port, close: () => (members.forEach((member) => member.destroy()), server.close()) });
    });
  });
}

function textFrame(text: string): Uint8Array {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x81, payload.length]), payload]);
}

/** The marker's lane is the three characters behind the first tilde: another lane belongs to a room of others. */
function ofAnotherRoom(frame: Uint8Array): Uint8Array {
  const changed = Buffer.from(frame);
  changed.set(Buffer.from("__B"), changed.indexOf("~") + 1);
  return changed;
}

/** Hands over each whole masked frame shorter than 126 bytes and returns what is left. */
function unmasked(bytes: Uint8Array, onText: (text: string) => void): Uint8Array {
  let at = 0;
  while (at + 6 <= bytes.length && at + 6 + (bytes[at + 1]! & 127) <= bytes.length) {
    const size = bytes[at + 1]! & 127;
    const key = bytes.subarray(at + 2, at + 6);
    const payload = bytes.slice(at + 6, at + 6 + size).map((byte, index) => byte ^ key[index & 3]!);
    onText(Buffer.from(payload).toString());
    at += 6 + size;
  }
  return bytes.slice(at);
}
