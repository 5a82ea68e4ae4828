// socket.io on Bun with the engine its authors made for it.
import { Server as Engine } from "@socket.io/bun-engine";
import { Server } from "socket.io";
import { serveRooms } from "./rooms.js";

const io = new Server();
const engine = new Engine({ path: "/socket.io/" });
io.bind(engine);
serveRooms(io);
Bun.serve({ port: Number(process.env.PORT), hostname: "127.0.0.1", ...engine.handler() });
