/**
 * How events travel between threads: each is one line of text, because threads copy text many times faster than objects.
 *
 * The sequencer cuts a line into its fields and never opens what is sealed in it; the broker of each worker writes and
 * opens them. Every field that a client chose is JSON, which holds neither tab nor line end; rooms are known to the
 * sequencer by their JSON alone.
 */
import type { PublishOptions, PublishResult, RoutedEvent } from "../../broker.ts";
import type { RoomEvent, StreamPosition } from "../../message.ts";
import { decode, encode } from "../cluster/wire.ts";

const TAB = "\t";

/** `except, only, event`: what the sequencer keeps as it is. */
export type Sealed = string;

export function keyOf(room: string): string {
  return JSON.stringify(room);
}

export function seal({ event, except = "", only = "" }: RoutedEvent): Sealed {
  return `${except}\t${only}\t${encode({ event }, event)}`;
}

export function open(sealed: Sealed, room: string, position?: StreamPosition): RoutedEvent {
  const [except, only, json] = cut(sealed, 2);
  const event = decode(json!).event as RoomEvent;
  if (position && event.kind === "message") event.position = position;
  const routed: RoutedEvent = { room, event };
  if (except) routed.except = except;
  if (only) routed.only = only;
  return routed;
}

/** From a worker to the sequencer. */
export function writePublish(routed: RoutedEvent, { keep, once }: PublishOptions = {}): string {
  const { room, event } = routed;
  const kept = keep && event.kind === "message" ? `${keep.size}\t${keep.ttlMs}` : TAB;
  const repeatable = once ? JSON.stringify(once.sender) + TAB + JSON.stringify(once.key) : TAB;
  return `${keyOf(room)}\t${JSON.stringify(event.id)}\t${event.timestamp}\t${kept}\t${repeatable}\t${seal(routed)}`;
}

/** `id` and the fields of `once` are JSON still: they are compared, not shown. */
export interface PublishLine {
  key: string;
  id: string;
  timestamp: number;
  keep?: { size: number; ttlMs: number };
  once?: { sender: string; key: string };
  sealed: Sealed;
}

export function readPublish(line: string): PublishLine {
  const [key, id, timestamp, size, ttlMs, sender, onceKey, sealed] = cut(line, 7);
  const publish: PublishLine = { key: key!, id: id!, timestamp: Number(timestamp), sealed: sealed! };
  if (size) publish.keep = { size: Number(size), ttlMs: Number(ttlMs) };
  if (sender) publish.once = { sender, key: onceKey! };
  return publish;
}

/** The sequencer's answer to a publish. */
export function writeResult({ position, duplicateOf }: PublishResult): string {
  if (!position && !duplicateOf) return "";
  const original = duplicateOf ? `${duplicateOf.id}\t${duplicateOf.timestamp}` : TAB;
  return writePosition(position) + TAB + original;
}

export function readResult(answer: string): PublishResult {
  const result: PublishResult = {};
  if (answer === "") return result;
  const [epoch, offset, id, timestamp] = cut(answer, 3);
  if (epoch) result.position = { epoch, offset: Number(offset) };
  if (id) result.duplicateOf = { id: JSON.parse(id), timestamp: Number(timestamp) };
  return result;
}

/** From the sequencer to every worker. */
export function writeEvent(key: string, sealed: Sealed, position?: StreamPosition): string {
  return `${key}\t${writePosition(position)}\t${sealed}`;
}

/** The key of the room that a line of {@link writeEvent} is for: most lines are not for this node. */
export function keyIn(line: string): string {
  return line.slice(0, line.indexOf(TAB));
}

export function readEvent(line: string, room: string): RoutedEvent {
  const [, epoch, offset, sealed] = cut(line, 3);
  return open(sealed!, room, epoch ? { epoch, offset: Number(offset) } : undefined);
}

function writePosition(position: StreamPosition | undefined): string {
  return position ? `${position.epoch}\t${position.offset}` : TAB;
}

/** The first fields, and what follows them as the last one. */
function cut(line: string, count: number): string[] {
  const fields: string[] = [];
  let from = 0;
  for (let n = 0; n < count; n++) {
    const to = line.indexOf(TAB, from);
    fields.push(line.slice(from, to));
    from = to + 1;
  }
  fields.push(line.slice(from));
  return fields;
}
