// The rooms of both socket.io peers: join, leave and messages with the events of Parley's Socket.IO dialect. Joins and
// leaves are announced only where that is measured.
const announcing = process.env.ANNOUNCE === "1";

export function serveRooms(io) {
  io.on("connection", (socket) => {
    socket.on("joinConversation", ({ conversationId }) => {
      socket.join(conversationId);
      if (announcing) socket.to(conversationId).emit("userJoined", { userId: socket.id, conversationId });
      socket.emit("conversationUsers", { conversationId, users: [] });
    });
    socket.on("leaveConversation", ({ conversationId }, done) => {
      socket.leave(conversationId);
      if (announcing) socket.to(conversationId).emit("userLeft", { userId: socket.id, conversationId });
      done?.({ ok: true });
    });
    socket.on("sendMessage", ({ conversationId, content }) => {
      io.to(conversationId).emit("newMessage", { conversationId, content, senderId: socket.id });
    });
  });
}
