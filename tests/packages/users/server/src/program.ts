import {
  type Acknowledge,
  type Client,
  type ConfigOverrides,
  createServer,
  type Hooks,
  ParleyError,
  type PublishedMessage,
  type Sent,
} from "parley-server";

interface Order {
  sku: string;
  amount: number;
}

const hooks: Hooks = {
  onJoin: (client, room) => client.rooms.length < 3 || room === "lobby",
  onMessage(_, { data }) {
    if (data === "bad") throw new ParleyError("forbidden", "Cannot publish: it is bad");
  },
};
const settings: ConfigOverrides = {
  ports: [0],
  websocketMaxRooms: 10,
  rooms: [{ match: "news:*", history: { size: 20 } }],
};
const server = await createServer({ ...settings, hooks, jwtSecret: "a secret of at least thirty-two bytes" });
server.on("orders:create", (from: Client, order: Order, ack: Acknowledge) => ack(from.userId, order.sku));
export const sent: Sent = await server.sendToUser("ann", { type: "notification", data: { title: "Hello" } });
export const message: PublishedMessage = await server.publish("lobby", { text: "Hello" });
export const names: string[] = server.getRoom("lobby").map((client) => client.name);
await server.stop();
