/**
 * A demo server gives a token to any name that its own pages ask for.
 */

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
