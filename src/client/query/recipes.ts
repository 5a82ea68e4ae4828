/**
 * `useQuerySync`, and the three chat hooks that are built with it: messages of a thread, the list of threads, contacts.
 */
import {
  type QueryFunction,
  type QueryKey,
  useQuery,
  useQueryClient,
  type UseQueryResult,
} from "@tanstack/react-query";
import { useEffect } from "react";
import type { HistoryReply, MessageFrame, PresenceStatus } from "../frames.ts";
import { type PresenceBook, presenceOf } from "../presence.ts";
import { useClient, useLatest } from "../react/provider.ts";
import { useWebSocketStatus } from "../react/status.ts";
import { append, type SyncOptions, syncQuery, type Update } from "./sync.ts";

/** In step for as long as it is mounted. Another key, room or event starts anew; `update` may change with every render. */
export function useQuerySync<Data>(options: SyncOptions<Data>): void {
  const queries = useQueryClient();
  const client = useClient();
  const latest = useLatest(options);
  const { queryKey, room, event, update } = options;
  const isUpdating = !!update;
  useEffect(() => {
    const follow: Update<Data> = (old, frame) => latest.current.update?.(old, frame);
    return syncQuery<Data>(queries, client, { ...latest.current, update: isUpdating ? follow : undefined });
  }, [queries, client, JSON.stringify(queryKey), room, event, isUpdating]);
}

export interface RecipeOptions<Item> {
  /** Where the list comes from: most often the application's own API. */
  queryFn: QueryFunction<Item[]>;
  queryKey?: QueryKey;
}

/** The messages of `thread:{threadId}`, newest last. Without a `queryFn` they come from the room's history. */
export function useChatMessages(
  threadId: string | undefined,
  options: Partial<RecipeOptions<MessageFrame>> = {},
): UseQueryResult<MessageFrame[]> {
  const client = useClient();
  const { isConnected } = useWebSocketStatus();
  const room = threadId && `thread:${threadId}`;
  const queryKey = options.queryKey ?? ["chat", "messages", threadId];
  const fromHistory = async () => (await client.command("history", { room, limit: 100 }) as HistoryReply).messages;
  useQuerySync<MessageFrame[]>({ queryKey, room: room ?? "", update: append<MessageFrame>() });
  return useQuery({
    queryKey,
    queryFn: options.queryFn ?? fromHistory,
    enabled: !!threadId && (isConnected || !!options.queryFn),
  });
}

export interface ChatThread {
  id: string;
  lastMessage?: MessageFrame;
  unread?: number;
}

/** The thread somebody writes in moves to the front, with its last message, and one more unread unless it is `openId`. */
export function useChatThreads<Thread extends ChatThread>(
  { queryFn, queryKey = ["chat", "threads"], openId }: RecipeOptions<Thread> & { openId?: string },
): UseQueryResult<Thread[]> {
  const client = useClient();
  useQuerySync<Thread[]>({
    queryKey,
    update(old, frame) {
      const thread = old.find(({ id }) => frame.room === `thread:${id}`);
      if (!thread || thread.lastMessage?.message_id === frame.message_id) return undefined;
      const isMine = frame.user_id === client.status.userId;
      const unread = thread.id === openId ? 0 : (thread.unread ?? 0) + (isMine ? 0 : 1);
      const fresh = { ...thread, unread, lastMessage: frame as MessageFrame };
      return [fresh, ...old.filter((other) => other !== thread)];
    },
  });
  return useQuery({ queryKey, queryFn });
}

export interface ChatContact {
  /** The user id. */
  id: string;
  status?: PresenceStatus;
}

/** Contacts with their presence, which is followed (up to 200 of them). */
export function useChatContacts<Contact extends ChatContact>(
  { queryFn, queryKey = ["chat", "contacts"] }: RecipeOptions<Contact>,
): UseQueryResult<Contact[]> {
  const queries = useQueryClient();
  const book = presenceOf(useClient());
  const result = useQuery({ queryKey, queryFn });
  const ids = (result.data ?? []).map(({ id }) => id).sort().join("\n");
  useEffect(() => {
    const apply = () => void queries.setQueryData<Contact[]>(queryKey, (old) => old && withStatus(old, book));
    apply();
    return book.subscribe(apply);
  }, [queries, book, JSON.stringify(queryKey), result.dataUpdatedAt]);
  useEffect(() => {
    const stops = ids.split("\n").filter(Boolean).slice(0, 200).map((id) => book.follow(id));
    return () => stops.forEach((stop) => stop());
  }, [book, ids]);
  return result;
}

/** The same list where nothing is new, so that nobody renders for nothing. */
function withStatus<Contact extends ChatContact>(old: Contact[], book: PresenceBook): Contact[] {
  const fresh = old.map((contact) => {
    const status = book.of(contact.id)?.status ?? contact.status;
    return status === contact.status ? contact : { ...contact, status };
  });
  return fresh.some((contact, index) => contact !== old[index]) ? fresh : old;
}
