// ws on Node: a Set for each room, one send for each member.
import { WebSocketServer } from "ws";

const rooms = new Map();

new WebSocketServer({ port: Number(process.env.PORT), host: "127.0.0.1" }).on("connection", (socket, request) => {
  const room = rooms.get(request.url) ?? new Set();
  rooms.set(request.url, room.add(socket));
  socket.send(`{"type":"connected"}`);
  socket.on("close", () => room.delete(socket));
  socket.on("message", (data) => {
    const frame = data.toString();
    if (typeof JSON.parse(frame).text === "string") for (const member of room) member.send(frame);
  });
});
