/**
 * Making and placing elements, as both lists of a pane need it.
 */

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className = "",
  text = "",
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

/** Keeps the end in sight, unless the reader has scrolled away from it. */
export function append(list: HTMLElement, item: HTMLElement): void {
  const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  list.append(item);
  if (isAtEnd) list.scrollTop = list.scrollHeight;
}
