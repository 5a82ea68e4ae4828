// The limit on Bun for a server that says who, when and which: the bare server with frames as large as Parley's kebab.
const server = Bun.serve<{ room: string; from: string }>({
  port: Number(process.env.PORT),
  hostname: "127.0.0.1",
  fetch: (request, self) =>
    self.upgrade(request, { data: { room: new URL(request.url).pathname.slice(1), from: crypto.randomUUID() } })
      ? undefined
      : new Response("WebSocket only", { status: 426 }),
  websocket: {
    open(ws) {
      ws.subscribe(ws.data.room);
      ws.send(`{"type":"connected"}`);
    },
    message(ws, frame) {
      const { room, from } = ws.data;
      const { text } = JSON.parse(String(frame));
      const position = { epoch: "0123456789", offset: 1 };
      const event = { type: "message", from, message: text, timestamp: new Date().toISOString(), roomId: room };
      server.publish(room, JSON.stringify({ ...event, id: crypto.randomUUID(), position }));
    },
  },
});
