import { QueryClient } from "@tanstack/react-query";
import { createClient } from "parley-client";
import { append, syncQuery } from "parley-client/query";

const queries = new QueryClient();
const client = createClient("wss://rt.example.com/websocket/connect");
export const stop: () => void = syncQuery(queries, client, { queryKey: ["talk"], room: "talk", update: append() });
