/**
 * Who sits in front of this tab. A demo server gives a token to any name that is asked for; the name lasts as long as the tab.
 */
const KEY = "parley.name";

export const rememberedName = (): string => sessionStorage.getItem(KEY) ?? "";
export const rememberName = (name: string): void => sessionStorage.setItem(KEY, name);
export const forgetName = (): void => sessionStorage.removeItem(KEY);

/** Asked anew for every connect and before a token runs out. */
export async function tokenFor(name: string): Promise<string> {
  const response = await fetch("/demo/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user: name, name }),
  });
  const { token, error } = await response.json();
  if (!token) throw new Error(error ?? `login failed with ${response.status}`);
  return token;
}
