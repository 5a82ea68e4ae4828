/**
 * An HTTP request to Engine.IO: its URL, taken apart once, and its body, of which no more is read than is allowed.
 */
import type { Peer } from "../../adapter.ts";

/** A request under the Socket.IO path. */
export interface EngineRequest {
  readonly request: Request;
  readonly url: URL;
  readonly peer: Peer;
}

export type Body = { kind: "text"; text: string } | { kind: "too_large" } | { kind: "broken" };

/** Never rejects; `broken` if the peer went away, `signal` fired, or the bytes are not UTF-8. */
export async function readText(request: Request, maxBytes: number, signal: AbortSignal): Promise<Body> {
  if (Number(request.headers.get("content-length")) > maxBytes) return { kind: "too_large" };
  if (!request.body) return { kind: "text", text: "" };
  const reader = request.body.getReader();
  const cancel = () => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", cancel, { once: true });
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    let text = "";
    for (let size = 0;;) {
      const { done, value } = await reader.read();
      if (signal.aborted) return { kind: "broken" };
      if (done) return { kind: "text", text: text + decoder.decode() };
      size += value.byteLength;
      if (size > maxBytes) {
        cancel();
        return { kind: "too_large" };
      }
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    // Whatever it was, the peer's packets are lost; the caller ends the session and says so.
    return { kind: "broken" };
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}
