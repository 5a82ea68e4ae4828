/**
 * The example chat, from login to logout. Served at `/chat` of a server in demo mode, bundled into
 * assets/chat.js. Everything live in it comes from the hooks of `parley-client/react`.
 */
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { ParleyProvider } from "../../client/react.ts";
import { tokenFor } from "../shared/demo_token.ts";
import { server } from "../shared/server_facts.ts";
import { startTheme } from "../shared/theme.ts";
import { Chat } from "./chat.tsx";
import { Login } from "./login.tsx";
import { forgetName, rememberedName, rememberName } from "./session.ts";

function App() {
  const [name, setName] = useState(rememberedName);
  if (!name) {
    return (
      <Login
        onLogin={(chosen) => {
          rememberName(chosen);
          setName(chosen);
        }}
      />
    );
  }
  const logout = () => {
    forgetName();
    setName("");
  };
  return (
    <ParleyProvider key={name} url={server.paths.envelope} token={() => tokenFor(name)}>
      <Chat me={name} onLogout={logout} />
    </ParleyProvider>
  );
}

startTheme();
const place = document.getElementById("app");
if (place) {
  createRoot(place).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
