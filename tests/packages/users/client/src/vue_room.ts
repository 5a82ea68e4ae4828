import { createClient } from "parley-client";
import { provideClient, type RoomRefs, useRoom, useStatus } from "parley-client/vue";
import { computed, defineComponent, h } from "vue";

export const App = defineComponent({
  setup() {
    provideClient(createClient("/websocket/connect"));
    return () => h(Talk, { room: "lobby" });
  },
});

const Talk = defineComponent({
  props: { room: { type: String, required: true } },
  setup(props) {
    const view: RoomRefs = useRoom(() => props.room, { history: 50, onGap: ({ room }) => console.log(room) });
    const status = useStatus();
    const names = computed<string>(() => view.members.value.map(({ name }) => name).join());
    return () => h("button", { onClick: () => view.sendToRoom("hello") }, [status.value.state, names.value]);
  },
});
