/**
 * The reactions one can choose, drawn, so that they do not depend on the fonts of a machine. Others' are shown as they are.
 */
import type { ReactNode } from "react";

const EYES = "M6.6 10.4q1.7-2.2 3.4 0M14 10.4q1.7-2.2 3.4 0";
const TEAR = "M3.9 11.6q-1.7 2.2-1.7 3.2a1.7 1.7 0 0 0 3.4 0q0-1-1.7-3.2z";

const PICTURES: Record<string, ReactNode> = {
  "👍": (
    <>
      <path fill="#4f74d9" d="M2.5 10.5h4v10h-4z" />
      <path
        fill="#f5b942"
        d="M7.5 11 11 2.9c1.9 0 3 1.3 2.7 3.1L13 9.5h6.3a2 2 0 0 1 2 2.4l-1.4 6.9a2.1 2.1 0 0 1-2.1 1.7H7.5z"
      />
    </>
  ),
  "❤️": (
    <path
      fill="#e5484d"
      d="M12 20.8S2.6 15.4 2.6 8.7A4.9 4.9 0 0 1 12 6.5a4.9 4.9 0 0 1 9.4 2.2C21.4 15.4 12 20.8 12 20.8z"
    />
  ),
  "😂": (
    <>
      <circle cx="12" cy="12" r="9.5" fill="#fad04c" />
      <path d={EYES} fill="none" stroke="#5c4306" strokeWidth="1.7" strokeLinecap="round" />
      <path fill="#7a3b10" d="M6.7 13.4h10.6a5.3 5.3 0 0 1-10.6 0z" />
      <path fill="#5ab6f2" d={TEAR} />
      <path fill="#5ab6f2" d={TEAR} transform="matrix(-1 0 0 1 24 0)" />
    </>
  ),
  "🎉": (
    <>
      <path fill="#f2a93b" d="m3 21 5-12.5 7.5 7.5z" />
      <path fill="#d9822b" d="m4.6 17 2.4 2.4-4 1.6zM6.6 12l5.4 5.4-2.3.9-4.5-4.5z" />
      <path
        d="M10.5 7.5q.5-3.5 4-4.5M16.5 13.5q3-1.5 4.5.5"
        fill="none"
        stroke="#e5484d"
        strokeWidth="1.8"
        strokeLinecap="round"
      />
      <path d="M13 11q4-1 4.5-5" fill="none" stroke="#4f74d9" strokeWidth="1.8" strokeLinecap="round" />
      <circle cx="19.5" cy="4.5" r="1.4" fill="#3fae6b" />
      <circle cx="20.5" cy="10" r="1.2" fill="#f2a93b" />
      <circle cx="17.5" cy="19" r="1.3" fill="#3fae6b" />
    </>
  ),
};

export const EMOJIS = Object.keys(PICTURES);

export function Emoji({ of }: { of: string }) {
  const picture = PICTURES[of];
  return picture ? <svg className="emoji" viewBox="0 0 24 24" aria-hidden="true">{picture}</svg> : <span>{of}</span>;
}
