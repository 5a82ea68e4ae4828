/**
 * `useRealtimeNotifications`: the user's notifications, stored by the server, shared by all components of a page.
 */
import { useSyncExternalStore } from "./from_react.ts";
import type { Client } from "../client.ts";
import type { Notification } from "../frames.ts";
import { onePer } from "../one_per.ts";
import { useClient } from "./provider.ts";
import { Store } from "./store.ts";
import { told } from "../room_view.ts";

export interface NotificationList {
  unreadCount: number;
  /** The last one that arrived while connected; null before. */
  newNotification: Notification | null;
  /** Newest first. */
  notifications: readonly Notification[];
}

export interface RealtimeNotifications extends NotificationList {
  /** One, or all. */
  markAsRead(id?: string): Promise<void>;
}

const NONE: NotificationList = { unreadCount: 0, newNotification: null, notifications: [] };
const none = () => NONE;

/** The server's answer. */
interface StoredList {
  notifications: Notification[];
  unread: number;
}

/** Asks for what is stored on every connect, and follows what arrives. */
class Inbox extends Store<NotificationList> {
  readonly #client: Client;

  constructor(client: Client) {
    super(NONE);
    this.#client = client;
    const load = () => told(client, this.#load());
    client.on("connect", load);
    client.on("switch", () => this.change(NONE));
    client.on("unread_count", ({ count }) => this.change({ unreadCount: count }));
    client.on("notification", (newNotification) => {
      this.change({ newNotification, notifications: [newNotification, ...this.getSnapshot().notifications] });
    });
    if (client.isOpen) load();
  }

  readonly markAsRead = (id?: string): Promise<void> => told(this.#client, this.#mark(id));

  async #mark(id?: string): Promise<void> {
    await this.#client.command("mark_read", { notification_id: id });
    await this.#load();
  }

  async #load(): Promise<void> {
    const { notifications, unread } = await this.#client.command("notifications", {}, true) as StoredList;
    this.change({ notifications, unreadCount: unread });
  }
}

const inboxOf = onePer((client: Client) => new Inbox(client));

export function useRealtimeNotifications(): RealtimeNotifications {
  const { subscribe, getSnapshot, markAsRead } = inboxOf(useClient());
  return { ...useSyncExternalStore(subscribe, getSnapshot, none), markAsRead };
}
