/**
 * A test of somebody's, of a room that comes back after a cut; prints what the room has then.
 */
import { createClient } from "parley-client";
import { FakeServer } from "parley-client/testing";

const server = new FakeServer();
const { platform } = server;
const client = createClient("wss://rt.example.com/websocket/connect", { token: server.tokenOf("ann"), platform });
const room = client.room("lobby");
client.connect();
room.retain();
await server.advance();

server.publish("lobby", "before the cut");
await server.advance();
server.cut();
server.publish("lobby", "during the cut");
await server.advance(30_000);
console.log(room.messages.map(({ data }) => data.text).join());
