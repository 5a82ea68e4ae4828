// crossws on Bun: its peers and its publish.
import { serve } from "crossws/server";

const roomOf = (peer) => new URL(peer.request.url).pathname;

serve({
  port: Number(process.env.PORT),
  hostname: "127.0.0.1",
  fetch: () => new Response("WebSocket only", { status: 426 }),
  websocket: {
    open(peer) {
      peer.subscribe(roomOf(peer));
      peer.send(`{"type":"connected"}`);
    },
    message(peer, message) {
      const frame = message.text();
      if (typeof JSON.parse(frame).text !== "string") return;
      peer.publish(roomOf(peer), frame);
      peer.send(frame);
    },
  },
});
