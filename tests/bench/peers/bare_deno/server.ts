// The limit on Deno: parse a text frame, send it to every socket of the room that keeps up.
const rooms = new Map<string, Set<WebSocket>>();
const MAX_BUFFERED = 256 * 1024;

Deno.serve({ port: Number(Deno.env.get("PORT")), hostname: "127.0.0.1", onListen() {} }, (request) => {
  if (request.headers.get("upgrade") !== "websocket") return new Response("WebSocket only", { status: 426 });
  const { socket, response } = Deno.upgradeWebSocket(request);
  const { pathname } = new URL(request.url);
  const room = rooms.get(pathname) ?? new Set<WebSocket>();
  rooms.set(pathname, room);
  socket.onopen = () => {
    room.add(socket);
    socket.send(`{"type":"connected"}`);
  };
  socket.onclose = () => room.delete(socket);
  socket.onmessage = ({ data }) => {
    if (typeof JSON.parse(data).text !== "string") return;
    for (const member of room) if (member.bufferedAmount < MAX_BUFFERED) member.send(data);
  };
  return response;
});
