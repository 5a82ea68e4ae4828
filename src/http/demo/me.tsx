/**
 * This user: name, own status, notifications, the way out.
 */
import { useState } from "react";
import { usePresence, useRealtimeNotifications } from "../../client/react.ts";
import { Avatar } from "./avatar.tsx";
import { Icon } from "./icons.tsx";

const STATUSES = ["online", "away", "busy"] as const;

export function Me({ name, onLogout }: { name: string; onLogout(): void }) {
  const { myStatus, updatePresence } = usePresence();
  return (
    <header className="me">
      <Avatar name={name} status={myStatus} />
      <div className="who">
        <strong>{name}</strong>
        <label>
          <span className="hidden">My status</span>
          <select
            value={myStatus}
            disabled={myStatus === "offline"}
            onChange={(event) => updatePresence(event.currentTarget.value as typeof STATUSES[number])}
          >
            {STATUSES.map((status) => <option key={status}>{status}</option>)}
            {myStatus === "offline" && <option>offline</option>}
          </select>
        </label>
      </div>
      <Bell />
      <button type="button" className="icon" onClick={onLogout} aria-label="Log out" title="Log out">
        <Icon name="leave" />
      </button>
    </header>
  );
}

function Bell() {
  const { unreadCount, notifications, markAsRead } = useRealtimeNotifications();
  const [isOpen, setOpen] = useState(false);
  const name = unreadCount ? `Notifications, ${unreadCount} unread` : "Notifications";
  return (
    <div className="bell">
      <button
        type="button"
        className="icon"
        aria-label={name}
        aria-expanded={isOpen}
        aria-controls="notifications"
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name="bell" />
        {unreadCount > 0 && <span className="badge" aria-hidden="true">{unreadCount > 99 ? "99+" : unreadCount}</span>}
      </button>
      <div
        id="notifications"
        className="drawer"
        hidden={!isOpen}
        onKeyDown={(event) => event.key === "Escape" && setOpen(false)}
      >
        <h2>Notifications</h2>
        {notifications.length === 0 && <p>Nothing yet. The admin API sends them.</p>}
        <ul>
          {notifications.map((item) => (
            <li key={item.id} className={item.read ? "" : "unread"}>
              <span>{item.message ?? item.title}</span>
              {!item.read && <button type="button" onClick={() => markAsRead(item.id)}>Mark as read</button>}
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
