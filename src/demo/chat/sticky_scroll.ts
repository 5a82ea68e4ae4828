/**
 * A list that stays at its end while the reader is there, and where the reader is while older entries are put in front.
 */
import { useLayoutEffect, useRef, useState } from "react";

/** Nearer to an edge than this counts as being there. */
const EDGE_PX = 60;

/** `first` is the key of the first entry. */
export function useStickyScroll(first: string | undefined, onTop: () => void) {
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const fromEnd = useRef(0);
  const top = useRef(0);
  const [isAtEnd, setAtEnd] = useState(true);

  const settle = (distance: number) => {
    const list = box.current;
    if (!list) return;
    list.scrollTop = list.scrollHeight - list.clientHeight - distance;
    top.current = list.scrollTop;
  };
  const onScroll = () => {
    const list = box.current;
    if (!list) return;
    const distance = list.scrollHeight - list.clientHeight - list.scrollTop;
    // Nobody scrolls away downwards: entries have come since, and the observer will follow them.
    const isPushed = fromEnd.current < EDGE_PX && list.scrollTop >= top.current;
    fromEnd.current = isPushed ? 0 : distance;
    top.current = list.scrollTop;
    setAtEnd(fromEnd.current < EDGE_PX);
    if (list.scrollTop < EDGE_PX) onTop();
  };
  // What is in front of the reader has grown; the distance to the end is what stays.
  useLayoutEffect(() => settle(fromEnd.current), [first]);
  useLayoutEffect(() => {
    // Entries are added, reactions come, the window becomes smaller under a keyboard.
    const observer = new ResizeObserver(() => fromEnd.current < EDGE_PX && settle(0));
    for (const element of [box.current, content.current]) if (element) observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { box, content, onScroll, isAtEnd, toEnd: () => settle(0) };
}
