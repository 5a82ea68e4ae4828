// A chat with a bell: a Bun or Deno program of ten lines. Prints its port, ends with its standard input.
import process from "node:process";
import { createServer } from "parley-server";

const hooks = { onJoin: (client, room) => room !== "cellar" || client.userId === "ann" };
const server = await createServer({ ports: [0], host: "127.0.0.1", jwtSecret: process.env.SECRET, hooks });
server.on("bell:ring", (from, times, ack) => ack({ rung: times, by: from.userId }));
await server.publish("lobby", { text: "The chat is open" });
console.log(server.port);
process.stdin.resume().on("end", () => server.stop());
