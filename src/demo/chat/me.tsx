/**
 * This user: name, own status, notifications, the way out.
 */
import { usePresence, useRealtimeNotifications } from "../../client/react.ts";
import { Avatar } from "./avatar.tsx";
import { Drawer } from "./drawer.tsx";
import { Icon } from "./icons.tsx";

const STATUSES = ["online", "away", "busy"] as const;

export function Me({ name, onLogout }: { name: string; onLogout(): void }) {
  const { myStatus, updatePresence } = usePresence();
  return (
    <header className="me">
      <Avatar id={name} name={name} status={myStatus} />
      <div className="who">
        <strong>{name}</strong>
        <label>
          <span className="quiet">My status</span>
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
  return (
    <Drawer
      className="bell"
      label={unreadCount ? `Notifications, ${unreadCount} unread` : "Notifications"}
      title="Notifications"
      face={
        <>
          <Icon name="bell" />
          {unreadCount > 0 && <Badge count={unreadCount} />}
        </>
      }
    >
      {notifications.length === 0 && <p>Nothing yet. The admin API sends them.</p>}
      <ul>
        {notifications.map((item) => (
          <li key={item.id} className={item.read ? "" : "unread"}>
            <span className="name">{item.message ?? item.title}</span>
            {!item.read && (
              <button type="button" className="second" onClick={() => markAsRead(item.id)}>Mark as read</button>
            )}
          </li>
        ))}
      </ul>
    </Drawer>
  );
}

/** Said by the label of what it stands on. */
function Badge({ count }: { count: number }) {
  return <span className="badge">{count > 99 ? "99+" : count}</span>;
}
