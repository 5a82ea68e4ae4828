/**
 * The few pictures of the chat, drawn, so that they do not depend on the fonts of a machine. Their buttons have the names.
 */
const PATHS = {
  bell: "M6 17h12l-1.5-2.5V10a4.5 4.5 0 0 0-9 0v4.5zM10 20h4",
  down: "M12 5v14M6 13l6 6 6-6",
  leave: "M10 4H5v16h5M14 8l4 4-4 4M18 12H9",
  menu: "M4 7h16M4 12h16M4 17h16",
  plus: "M12 5v14M5 12h14",
  send: "M4 12 20 4l-5 16-3.5-6.5z",
  smile: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8.5 14.5q3.5 3.5 7 0M9 9.5v.5M15 9.5v.5",
};

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg className="picture" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
