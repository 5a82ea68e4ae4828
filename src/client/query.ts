/**
 * `parley-client/query`: TanStack Query's cache in step with rooms and events. React and TanStack Query are peers.
 */
"use client";

export { append, type AppendOptions, type SyncOptions, syncQuery, type Update } from "./query/sync.ts";
export {
  type ChatContact,
  type ChatThread,
  type RecipeOptions,
  useChatContacts,
  useChatMessages,
  useChatThreads,
  useQuerySync,
} from "./query/recipes.ts";
