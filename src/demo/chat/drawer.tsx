/**
 * A button and the panel it opens below itself.
 */
import { type ReactNode, useId, useRef, useState } from "react";
import { useDismiss } from "./dismiss.ts";

export interface DrawerProps {
  /** What the button is called, and what it shows. */
  label: string;
  face: ReactNode;
  title: string;
  className: string;
  children: ReactNode;
}

export function Drawer({ label, face, title, className, children }: DrawerProps) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const place = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useDismiss(isOpen, place, () => {
    if (place.current?.contains(document.activeElement)) button.current?.focus();
    setOpen(false);
  });
  return (
    <div className={`opener ${className}`} ref={place}>
      <button
        type="button"
        className="icon"
        ref={button}
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setOpen(!isOpen)}
      >
        <span className="quiet">{label}</span>
        <span className="shown" aria-hidden="true">{face}</span>
      </button>
      <div id={id} className="drawer" hidden={!isOpen}>
        <h3>{title}</h3>
        {children}
      </div>
    </div>
  );
}
