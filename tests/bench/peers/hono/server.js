// Hono's Bun helper: topics through the raw socket, as its documentation does it.
import { Hono } from "hono";
import { createBunWebSocket } from "hono/bun";

const { upgradeWebSocket, websocket } = createBunWebSocket();
const app = new Hono();

app.get(
  "/:room",
  upgradeWebSocket((c) => ({
    onOpen(_event, ws) {
      ws.raw.subscribe(c.req.param("room"));
      ws.send(`{"type":"connected"}`);
    },
    onMessage({ data }) {
      if (typeof JSON.parse(data).text === "string") server.publish(c.req.param("room"), data);
    },
  })),
);

const server = Bun.serve({ port: Number(process.env.PORT), hostname: "127.0.0.1", fetch: app.fetch, websocket });
