/**
 * One HTTP request to a worker of this process, by hand over TCP: hundreds of long polls wait at once, and the runtimes'
 * own clients queue them behind a limit.
 */
import { Buffer } from "node:buffer";
import { connect } from "node:net";

export interface ForwardedRequest {
  port: number;
  method: string;
  /** With its query. */
  path: string;
  headers: readonly (readonly [name: string, value: string])[];
  body: string;
  /** The one who asked went away. */
  signal: AbortSignal;
}

/** The answer; undefined: nobody is there, or it broke off. Never rejects. */
export function requestOverLoopback(forwarded: ForwardedRequest): Promise<Response | undefined> {
  const socket = connect(forwarded.port, "127.0.0.1");
  const chunks: Buffer[] = [];
  const leave = () => void socket.destroy();
  forwarded.signal.addEventListener("abort", leave, { once: true });
  return new Promise((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      const response = parse(Buffer.concat(chunks));
      if (!response) return;
      resolve(response);
      socket.destroy();
    });
    socket.on("error", leave);
    socket.on("close", () => {
      forwarded.signal.removeEventListener("abort", leave);
      resolve(undefined);
    });
    socket.write(head(forwarded));
    socket.write(forwarded.body);
  });
}

function head({ method, path, headers, body }: ForwardedRequest): string {
  const length = method === "POST" ? [["content-length", String(Buffer.byteLength(body))] as const] : [];
  const lines = [...headers, ...length, ["connection", "close"] as const].map(([name, value]) =>
    `${name}: ${value}\r\n`
  );
  return `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** Undefined: it is not all there yet. What Engine.IO answers has a length, always. */
function parse(bytes: Buffer): Response | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first, ...lines] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const body = bytes.subarray(end + 4);
  const length = Number(headers.get("content-length") ?? 0);
  if (body.length < length) return undefined;
  for (const name of ["connection", "content-length", "date", "transfer-encoding"]) headers.delete(name);
  const status = Number(first!.split(" ")[1]);
  return new Response(status === 204 ? null : body.subarray(0, length).toString(), { status, headers });
}
