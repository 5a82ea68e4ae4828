import { createRoot } from "react-dom/client";
import { Chat } from "./chat.tsx";

const at = new URLSearchParams(location.search);
createRoot(document.getElementById("root")!).render(<Chat url={at.get("url")!} token={at.get("token")!} />);
