import { Host } from "../react/host";

/** A server component around the same page. */
export default function Page() {
  return (
    <main>
      <Host />
    </main>
  );
}
