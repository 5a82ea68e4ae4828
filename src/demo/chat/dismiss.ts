/**
 * What is opened over the page closes by Escape and by a touch elsewhere.
 */
import { type RefObject, useEffect } from "react";

export function useDismiss(isOpen: boolean, inside: RefObject<HTMLElement | null>, close: () => void): void {
  useEffect(() => {
    if (!isOpen) return;
    const onPress = ({ target }: Event) => inside.current?.contains(target as Node) || close();
    const onKey = ({ key }: KeyboardEvent) => key === "Escape" && close();
    document.addEventListener("pointerdown", onPress);
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("pointerdown", onPress);
      document.removeEventListener("keydown", onKey);
    };
  }, [isOpen]);
}
