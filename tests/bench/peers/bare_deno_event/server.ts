// The limit on Deno for a server that says who, when and which: the bare loop with frames as large as Parley's kebab.
const rooms = new Map<string, Set<WebSocket>>();
const MAX_BUFFERED = 256 * 1024;

Deno.serve({ port: Number(Deno.env.get("PORT")), hostname: "127.0.0.1", onListen() {} }, (request) => {
  if (request.headers.get("upgrade") !== "websocket") return new Response("WebSocket only", { status: 426 });
  const { socket, response } = Deno.upgradeWebSocket(request);
  const roomId = new URL(request.url).pathname.slice(1);
  const from = crypto.randomUUID();
  const room = rooms.get(roomId) ?? new Set<WebSocket>();
  rooms.set(roomId, room);
  socket.onopen = () => {
    room.add(socket);
    socket.send(`{"type":"connected"}`);
  };
  socket.onclose = () => room.delete(socket);
  socket.onmessage = ({ data }) => {
    const { text } = JSON.parse(data);
    const position = { epoch: "0123456789", offset: 1 };
    const event = { type: "message", from, message: text, timestamp: new Date().toISOString(), roomId };
    const frame = JSON.stringify({ ...event, id: crypto.randomUUID(), position });
    for (const member of room) if (member.bufferedAmount < MAX_BUFFERED) member.send(frame);
  };
  return response;
});
