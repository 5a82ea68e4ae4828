import { createApp, h, ref } from "vue";
import App from "./guide/App.vue";
import Chat from "./guide/Chat.vue";

const token = ref("");
Object.assign(globalThis, { signIn: (fresh: string) => token.value = fresh });
createApp(() => token.value && h(App, { token: token.value }, () => h(Chat))).mount("#root");
