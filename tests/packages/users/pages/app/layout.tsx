import type { ReactNode } from "react";

/** No icon is asked for. */
export const metadata = { title: "The handbook's page", icons: "data:," };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
