// socket.io on Node with its default engine; with REDIS_URL, its Redis adapter.
import { createAdapter } from "@socket.io/redis-adapter";
import { createServer } from "node:http";
import { createClient } from "redis";
import { Server } from "socket.io";
import { serveRooms } from "./rooms.js";

const http = createServer();
const io = new Server(http, { serveClient: false });
const url = process.env.REDIS_URL;
if (url) {
  const publisher = createClient({ url });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  io.adapter(createAdapter(publisher, subscriber));
}
serveRooms(io);
http.listen(Number(process.env.PORT), "127.0.0.1");
