/**
 * The page's side of the browser test: the hooks of the Socket.IO guide, written as its examples use them, and its four
 * examples on one page. Served as it is; the page has put React and the client into `libraries`.
 */
const { createRoot, io, React } = globalThis.libraries;

const { createElement: h, useCallback, useEffect, useRef, useState } = React;
const { server, token } = Object.fromEntries(new URLSearchParams(location.search));

export function useRealtime({ onConnect, onDisconnect, onError, autoConnect = true } = {}) {
  const [isConnected, setIsConnected] = useState(false);
  const socket = useRef(null);
  const callbacks = useRef({});
  callbacks.current = { onConnect, onDisconnect, onError };

  const connect = useCallback(() => {
    socket.current ??= io(server, {
      auth: { token },
      autoConnect: false,
      forceNew: true,
      reconnectionAttempts: 5,
      reconnectionDelay: 100,
    });
    return socket.current.connect();
  }, []);

  useEffect(() => {
    const current = socket.current ?? connect();
    if (!autoConnect) current.disconnect();
    const connected = () => (setIsConnected(true), callbacks.current.onConnect?.());
    const disconnected = () => (setIsConnected(false), callbacks.current.onDisconnect?.());
    const failed = (error) => callbacks.current.onError?.(error);
    current.on("connect", connected).on("disconnect", disconnected).on("connect_error", failed);
    return () => {
      current.disconnect();
      socket.current = null;
    };
  }, [connect, autoConnect]);

  const emit = useCallback((event, data) => socket.current?.emit(event, data), []);
  const on = useCallback((event, handler) => socket.current?.on(event, handler), []);
  const off = useCallback((event, handler) => socket.current?.off(event, handler), []);
  const transport = useCallback(() => socket.current?.io.engine?.transport.name, []);
  return { isConnected, emit, on, off, connect, transport };
}

function useRealtimeMessages(conversationId) {
  const { isConnected, emit, on, off } = useRealtime();
  const [newMessage, setNewMessage] = useState(null);
  const [typing, setTyping] = useState("");
  useEffect(() => {
    if (!isConnected) return;
    const typed = ({ userId }) => setTyping(`${userId} types`);
    const stopped = () => setTyping("");
    emit("joinConversation", { conversationId });
    on("newMessage", setNewMessage);
    on("userTyping", typed);
    on("userStoppedTyping", stopped);
    return () => {
      emit("leaveConversation", { conversationId });
      off("newMessage", setNewMessage);
      off("userTyping", typed);
      off("userStoppedTyping", stopped);
    };
  }, [isConnected, conversationId, emit, on, off]);
  const sendMessage = (content) => emit("sendMessage", { conversationId, content });
  return { newMessage, typing, sendMessage, isConnected };
}

function useRealtimeNotifications() {
  const { isConnected, emit, on, off } = useRealtime();
  const [unreadCount, setUnreadCount] = useState(0);
  const [newNotification, setNewNotification] = useState(null);
  useEffect(() => {
    on("notification", setNewNotification);
    on("unreadCount", setUnreadCount);
    return () => {
      off("notification", setNewNotification);
      off("unreadCount", setUnreadCount);
    };
  }, [isConnected, on, off]);
  const markAsRead = (id) => emit("markNotificationRead", { notificationId: id });
  return { unreadCount, newNotification, markAsRead };
}

function MyComponent() {
  const [received, setReceived] = useState("");
  const [error, setError] = useState("");
  const { isConnected, emit, on, off, transport } = useRealtime({ onError: (error) => setError(error.message) });
  useEffect(() => {
    const handleCustomEvent = (data) => setReceived(`${data.message} over ${transport()}`);
    on("customEvent", handleCustomEvent);
    return () => off("customEvent", handleCustomEvent);
  }, [on, off, transport]);
  return h(
    "section",
    null,
    h("p", { id: "status" }, `Status: ${isConnected ? "Connected" : "Disconnected"}`),
    h("button", { id: "send-data", onClick: () => emit("customEvent", { message: "Hello!" }) }, "Send Data"),
    h("p", { id: "received" }, received),
    h("p", { id: "error" }, error),
  );
}

function MessagesPage() {
  const { newMessage, typing, sendMessage, isConnected } = useRealtimeMessages("order-7");
  const [list, setList] = useState([]);
  useEffect(() => {
    if (newMessage) setList((before) => [...before, `${newMessage.senderName}: ${newMessage.content}`]);
  }, [newMessage]);
  return h(
    "section",
    null,
    h("p", { id: "messages-status" }, isConnected ? "Connected" : "Disconnected"),
    h("button", { id: "send-message", onClick: () => sendMessage("from the page") }, "Send"),
    h("p", { id: "typing" }, typing),
    h("ul", { id: "messages" }, list.map((line, at) => h("li", { key: at }, line))),
  );
}

function NotificationBadge() {
  const { unreadCount, newNotification, markAsRead } = useRealtimeNotifications();
  return h(
    "section",
    null,
    h("span", { id: "badge" }, unreadCount > 99 ? "99+" : unreadCount),
    h("p", { id: "toast" }, newNotification?.title),
    h("button", { id: "read", onClick: () => markAsRead(newNotification.id) }, "Read"),
  );
}

const examples = [h(MyComponent, { key: 1 }), h(MessagesPage, { key: 2 }), h(NotificationBadge, { key: 3 })];
createRoot(document.getElementById("root")).render(examples);
