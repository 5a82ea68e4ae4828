/**
 * The server that sent this page: what it has written into the page, and the tokens that it gives to visitors of a demo.
 */
export interface ServerFacts {
  paths: { envelope: string; socketio: string; ws: string };
  /** Which it speaks. */
  dialects: string[];
}

export const server: ServerFacts = JSON.parse(document.documentElement.dataset.server ?? "{}");

/** Rejects with what the server said, or that it says nothing. Asked anew for every connect and before a token runs out. */
export async function tokenFor(user: string, name = user): Promise<string> {
  const response = await fetch("demo/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user, name }),
  }).catch((cause) => {
    // A browser says that it "failed to fetch".
    throw new Error("the server does not answer", { cause });
  });
  const { token, error } = await response.json();
  if (!token) throw new Error(error ?? `login failed with ${response.status}`);
  return token;
}
