// Elysia on Bun: a validated body and the native topics it hands on.
import { Elysia, t } from "elysia";

const app = new Elysia()
  .ws("/:room", {
    body: t.Object({ text: t.String() }),
    open(ws) {
      ws.subscribe(ws.data.params.room);
      ws.send({ type: "connected" });
    },
    message(ws, body) {
      app.server.publish(ws.data.params.room, JSON.stringify(body));
    },
  })
  .listen({ port: Number(process.env.PORT), hostname: "127.0.0.1" });
