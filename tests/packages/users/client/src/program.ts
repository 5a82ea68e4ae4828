import { type Client, type ClientError, createClient, type Gap, type Room } from "parley-client";

interface Events {
  price: { amount: number };
}

const client: Client<Events> = createClient<Events>("wss://rt.example.com/websocket/connect", {
  token: async () => "token",
  onError: (error: ClientError) => console.error(error.code, error.message),
});
const room: Room = client.room("lobby");
client.on("price", ({ amount }) => console.log(amount.toFixed(2)));
client.on("gap", (gap: Gap) => console.log(gap));
room.onMessage((message) => console.log(message.username));
export const receipt: Promise<{ id: string }> = room.send("hello");
