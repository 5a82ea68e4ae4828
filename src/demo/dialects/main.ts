/**
 * The page at `/` of a server in demo mode: Ada and Grace in one room, each in a dialect of her own, every frame shown.
 * Bundled into assets/dialects.js.
 */
import { server } from "../shared/server.ts";
import { startTheme } from "../shared/theme.ts";
import { Client, type Visitor } from "./client.ts";

/** For each client, by preference. */
const WISHED = [["envelope", "snake"], ["kebab", "socketio"]];

startTheme();

const [left = server.dialects[0]!, right = left] = WISHED.map((wished) => {
  return wished.find((each) => server.dialects.includes(each)) ?? server.dialects[0];
});
const visitors: Visitor[] = [
  { user: "ada", name: "Ada", dialect: left },
  { user: "grace", name: "Grace", dialect: right },
];
let room = "lobby";
const clients = visitors.map((visitor) => new Client(visitor, room));
for (const client of clients) void client.start();
clients[0]!.pane.input.focus({ preventScroll: true });

document.querySelector<HTMLFormElement>("#room-form")!.onsubmit = (event) => {
  event.preventDefault();
  const wanted = document.querySelector<HTMLInputElement>("#room")!.value.trim();
  if (wanted === "" || wanted === room) return;
  room = wanted;
  for (const client of clients) client.move(room);
};
