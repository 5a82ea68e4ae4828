/**
 * A list that stays at its end while the reader is there, and otherwise keeps in place what they read, whatever is added,
 * removed or changes its size.
 *
 * Its box is a reversed column (`.from-end` in look.css), where `scrollTop` counts from the end: 0 there, negative above.
 * No change of layout moves it then, so only the reader leaves the end, however late the browser tells of scrolling. In a
 * column that counts from the top, a box that grows pushes `scrollTop` back, just as a reader who scrolls up would.
 */

/** Nearer to an edge than this counts as being there. */
const EDGE_PX = 60;

/** An entry, and its place in the list: scrolling does not change that, a change of layout does. */
interface Anchor {
  entry: Element;
  place: number;
}

export class StickyScroll {
  readonly #box: HTMLElement;
  readonly #content: Element;
  readonly #onChange: (isAtEnd: boolean) => void;
  readonly #resizes = new ResizeObserver(() => this.#settle());
  // An entry may come as another one goes, and the content be as large as before.
  readonly #mutations = new MutationObserver(() => this.#anchor && this.#settle());
  /** What is read; absent while the reader is at the end. */
  #anchor?: Anchor;

  /** The box holds one element, and that one the entries. */
  constructor(box: HTMLElement, onChange: (isAtEnd: boolean) => void = () => {}) {
    this.#box = box;
    this.#content = box.firstElementChild!;
    this.#onChange = onChange;
    box.addEventListener("scroll", this.#onScroll, { passive: true });
    for (const element of [box, this.#content]) this.#resizes.observe(element);
    this.#mutations.observe(this.#content, { childList: true });
  }

  get isNearTop(): boolean {
    const { scrollTop, scrollHeight, clientHeight } = this.#box;
    return scrollHeight - clientHeight + scrollTop < EDGE_PX;
  }

  toEnd(): void {
    this.#anchor = undefined;
    this.#box.scrollTop = 0;
  }

  /** The entry is about to change its size because the reader wants to see more or less of it. */
  hold(entry: Element): void {
    this.#anchor = this.#anchorAt(entry);
  }

  close(): void {
    this.#box.removeEventListener("scroll", this.#onScroll);
    this.#resizes.disconnect();
    this.#mutations.disconnect();
  }

  /** After a change of layout, before it is painted. */
  #settle(): void {
    // A list that is not shown has no places.
    if (this.#box.clientHeight === 0) return;
    if (this.#anchor) this.#keep(this.#anchor);
    else this.#box.scrollTop = 0;
    this.#look();
  }

  readonly #onScroll = (): void => {
    // The layout may have changed as well, and the observers be still to come.
    if (this.#anchor) this.#keep(this.#anchor);
    this.#look();
  };

  #keep({ entry, place }: Anchor): void {
    if (entry.isConnected) this.#box.scrollTop += this.#placeOf(entry) - place;
  }

  /** Where the reader is now. */
  #look(): void {
    const isAtEnd = this.#box.scrollTop > -EDGE_PX;
    this.#anchor = isAtEnd ? undefined : this.#firstInView();
    this.#onChange(isAtEnd);
  }

  #firstInView(): Anchor | undefined {
    const { top } = this.#box.getBoundingClientRect();
    // A button above the entries asks for older ones, which come below it.
    const entries = [...this.#content.children].filter(({ localName }) => localName !== "button");
    const first = entries.find((entry) => entry.getBoundingClientRect().bottom > top);
    return first && this.#anchorAt(first);
  }

  #anchorAt(entry: Element): Anchor {
    return { entry, place: this.#placeOf(entry) };
  }

  #placeOf(entry: Element): number {
    return entry.getBoundingClientRect().top - this.#box.getBoundingClientRect().top + this.#box.scrollTop;
  }
}
