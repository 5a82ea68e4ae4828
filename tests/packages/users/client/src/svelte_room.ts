import { createClient } from "parley-client";
import { type RoomView, useRoom, useStatus } from "parley-client/svelte";
import { derived, type Readable, writable } from "svelte/store";

const client = createClient("wss://rt.example.com/websocket/connect");
const name = writable<string | undefined>("lobby");
export const room: Readable<RoomView> = useRoom(name, { history: 50 }, client);
export const texts: Readable<(string | undefined)[]> = derived(room, ({ messages }) => messages.map(({ data }) => data.text));
export const state: Readable<string> = derived(useStatus(client), ({ state }) => state);
