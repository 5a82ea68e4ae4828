/**
 * The example chat, from login to logout. Bundled into assets/chat.js by `bun run build:client`; served at `/chat` of a
 * server in demo mode. Everything live in it comes from the hooks of `parley/react`.
 */
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { ParleyProvider } from "../../client/react.ts";
import { Chat } from "./chat.tsx";
import { Login } from "./login.tsx";
import { forgetName, rememberedName, rememberName, tokenFor } from "./session.ts";

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
    <ParleyProvider key={name} token={() => tokenFor(name)}>
      <Chat me={name} onLogout={logout} />
    </ParleyProvider>
  );
}

const place = document.getElementById("app");
if (place) {
  createRoot(place).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
