/**
 * The example chat, from login to logout. Served at `/chat` of a server in demo mode, bundled into
 * assets/chat.js. Everything live in it comes from the hooks of `parley-client/react`.
 */
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { ParleyProvider } from "../../client/react.ts";
import { server, tokenFor } from "../shared/server.ts";
import { startTheme } from "../shared/theme.ts";
import { Chat } from "./chat.tsx";
import { Login } from "./login.tsx";

/** Where this tab keeps who sits in front of it, through a reload. */
const NAME = "parley.name";

function App() {
  const [name, setName] = useState(() => sessionStorage.getItem(NAME) ?? "");
  const login = (chosen: string) => {
    sessionStorage.setItem(NAME, chosen);
    setName(chosen);
  };
  const logout = () => {
    sessionStorage.removeItem(NAME);
    setName("");
  };
  if (!name) return <Login onLogin={login} />;
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
