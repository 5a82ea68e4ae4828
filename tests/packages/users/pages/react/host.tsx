"use client";
import { useEffect, useState } from "react";
import { App } from "./guide/App";
import { Chat } from "./guide/Chat";

/** What an application adds to the handbook's components: its login, which the test performs as `signIn(token)`. */
export function Host() {
  const [token, signIn] = useState("");
  useEffect(() => {
    Object.assign(globalThis, { signIn });
  }, []);
  return token && <App token={token}><Chat /></App>;
}
