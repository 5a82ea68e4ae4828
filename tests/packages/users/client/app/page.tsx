import { Chat } from "../src/chat";

/** A server component: what it renders is a client component of the package's hooks. */
export default async function Page({ searchParams }: { searchParams: Promise<{ url: string; token: string }> }) {
  const { url, token } = await searchParams;
  return (
    <main>
      <h1>Lobby</h1>
      <Chat url={url} token={token} />
    </main>
  );
}
