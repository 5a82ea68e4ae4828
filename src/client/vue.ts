/**
 * `parley-client/vue`: a room as a composable of Vue 3, with what React's `useRoom` gives. Importing has no effect, and
 * rendering has none: connections and rooms are taken when a component is mounted, and given back when it goes.
 */
import { computed, inject, onMounted, onUnmounted, provide, shallowRef, toValue, watch } from "vue";
import type { InjectionKey, MaybeRefOrGetter, Ref } from "vue";
import type { Client } from "./client.ts";
import { followRoom, stateOf } from "./followed_room.ts";
import type { Status } from "./link.ts";
import type { Room } from "./room.ts";
import { actionsOf, type RoomActions, type RoomOptions, type RoomState } from "./room_view.ts";

export type { Outgoing, RoomActions, RoomOptions, RoomState } from "./room_view.ts";

/** What React's `useRoom` gives, each value as a ref. */
export type RoomRefs = RoomActions & { readonly [Field in keyof RoomState]: Readonly<Ref<RoomState[Field]>> } & {
  /** For what is not here; undefined without a room id. */
  readonly room: Readonly<Ref<Room | undefined>>;
};

const CLIENT: InjectionKey<Client> = Symbol("parley-client");

/** For all components below the one that calls it; connected for as long as that one is mounted. */
export function provideClient(client: Client): void {
  provide(CLIENT, client);
  onMounted(() => onUnmounted(client.retain()));
}

/** Throws TypeError if no component above has provided one. */
export function useClient(): Client {
  const client = inject(CLIENT, undefined);
  if (client) return client;
  throw new TypeError("Cannot find a client: no component above this one has called provideClient");
}

/** The connection. */
export function useStatus(): Readonly<Ref<Status>> {
  const client = useClient();
  const status = shallowRef<Status>({ state: "idle", attempt: 0 });
  onMounted(() => {
    const look = () => status.value = client.getSnapshot();
    onUnmounted(client.subscribe(look));
    look();
  });
  return status;
}

/** In the room for as long as the component is mounted; without an id in none, and sending is refused. */
export function useRoom(roomId: MaybeRefOrGetter<string | undefined>, options: RoomOptions = {}): RoomRefs {
  const client = useClient();
  const room = computed(() => {
    const id = toValue(roomId);
    return id ? client.room(id) : undefined;
  });
  const state = shallowRef(stateOf(client));
  const show = (next: RoomState) => state.value = next;
  onMounted(() => {
    const follow = (now: Room | undefined) => followRoom(client, now, { options, show });
    watch(room, (now, _, onCleanup) => onCleanup(follow(now)), { immediate: true });
  });
  const fields = Object.keys(state.value) as (keyof RoomState)[];
  const refs = Object.fromEntries(fields.map((field) => [field, computed(() => state.value[field])]));
  const actions = () => actionsOf(client, room.value);
  return {
    ...refs as unknown as Pick<RoomRefs, keyof RoomState>,
    room,
    sendToRoom: (message) => actions().sendToRoom(message),
    sendTyping: (isTyping) => actions().sendTyping(isTyping),
    loadHistory: (limit) => actions().loadHistory(limit),
  };
}
