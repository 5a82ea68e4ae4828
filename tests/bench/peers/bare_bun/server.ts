// The limit on Bun: parse a text frame, publish it natively to the room in the path. No identity, no checks, no books.
const server = Bun.serve<{ room: string }>({
  port: Number(process.env.PORT),
  hostname: "127.0.0.1",
  fetch: (request, self) =>
    self.upgrade(request, { data: { room: new URL(request.url).pathname } })
      ? undefined
      : new Response("WebSocket only", { status: 426 }),
  websocket: {
    open(ws) {
      ws.subscribe(ws.data.room);
      ws.send(`{"type":"connected"}`);
    },
    message(ws, frame) {
      if (typeof JSON.parse(String(frame)).text === "string") server.publish(ws.data.room, frame);
    },
  },
});
