/**
 * The message list by keyboard: Tab stops once, up and down go from message to message, left and right along a bar.
 */
import type { KeyboardEvent } from "react";

const STEPS: Record<string, number> = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 };

export function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const step = STEPS[event.key];
  const from = event.target as HTMLElement;
  const message = from.closest(".message");
  if (!step || !message) return;
  const isAlong = event.key === "ArrowLeft" || event.key === "ArrowRight";
  const places = isAlong ? buttonsOf(message) : [...event.currentTarget.querySelectorAll(".message")];
  const next = places[places.indexOf(isAlong ? from : message) + step];
  if (!next) return;
  event.preventDefault();
  (isAlong ? next as HTMLElement : buttonsOf(next)[0])?.focus();
}

/** The ones that are shown here. */
function buttonsOf(message: Element): HTMLElement[] {
  const buttons = [...message.querySelectorAll<HTMLElement>(".react button")];
  return buttons.filter((button) => button.offsetParent !== null);
}
