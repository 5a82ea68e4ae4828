/**
 * `useWebSocket`: one socket of a component's own, in the dialect of its URL, its frames as they came.
 *
 * It comes back after a loss, identifies itself and enters its rooms again; it promises nothing about what was missed.
 * Where that matters `useRoom` is the hook.
 */
import { useEffect, useMemo, useSyncExternalStore } from "./from_react.ts";
import { backoffMs } from "../backoff.ts";
import { isFinal } from "../close_codes.ts";
import { DEFAULTS } from "../options.ts";
import { socketUrl } from "../platform.ts";
import { Store } from "./store.ts";
import { type Speech, speechOf } from "./raw_frames.ts";

export interface WebSocketMessage {
  type: string;
  [field: string]: unknown;
}

export interface RawView {
  readonly isConnected: boolean;
  /** The last thousand. */
  readonly messages: readonly WebSocketMessage[];
}

/** False: there is no connection, and nothing was sent; token and rooms are remembered for the next one all the same. */
export interface RawActions {
  send(message: object): boolean;
  authenticate(token: string): boolean;
  joinRoom(roomId: string): boolean;
  leaveRoom(roomId: string): boolean;
  sendMessage(message: string, roomId?: string): boolean;
}

export type WebSocketView = RawView & RawActions;

const CLOSED: RawView = { isConnected: false, messages: [] };
const closed = () => CLOSED;
const MAX_MESSAGES = 1000;

class RawSocket extends Store<RawView> {
  readonly #url: URL;
  readonly #speech: Speech;
  readonly #rooms = new Set<string>();
  #token?: string;
  #socket?: WebSocket;
  #timer?: ReturnType<typeof setTimeout>;
  #attempt = 0;

  constructor(url: string) {
    super(CLOSED);
    this.#url = socketUrl(url);
    this.#speech = speechOf(this.#url);
  }

  /** Returns how to close it; opened again in the same turn, it stays as it is. */
  readonly open = (): () => void => {
    clearTimeout(this.#timer);
    if (!this.#socket) this.#dial();
    return () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => {
        const socket = this.#socket;
        this.#socket = undefined;
        socket?.close();
        this.change({ isConnected: false });
      });
    };
  };

  readonly actions: RawActions = {
    send: (message) => {
      const { isConnected } = this.getSnapshot();
      if (isConnected) this.#socket?.send(JSON.stringify(message));
      return isConnected;
    },
    authenticate: (token) => this.actions.send(this.#speech.authenticate(this.#token = token)),
    joinRoom: (roomId) => this.#rooms.add(roomId) && this.actions.send(this.#speech.join(roomId)),
    leaveRoom: (roomId) => {
      this.#rooms.delete(roomId);
      return this.actions.send(this.#speech.leave(roomId));
    },
    sendMessage: (message, roomId) => this.actions.send(this.#speech.say(message, roomId)),
  };

  #dial(): void {
    const socket = this.#socket = new WebSocket(this.#url.href);
    const current = <E>(hear: (event: E) => void) => (event: E) => socket === this.#socket && hear(event);
    socket.onopen = current(() => {
      this.#attempt = 0;
      this.change({ isConnected: true });
      if (this.#token) this.actions.authenticate(this.#token);
      this.#rooms.forEach(this.actions.joinRoom);
    });
    socket.onmessage = current(({ data }) => {
      this.change({ messages: [...this.getSnapshot().messages, JSON.parse(data)].slice(-MAX_MESSAGES) });
    });
    socket.onclose = current(({ code }) => {
      this.#socket = undefined;
      this.change({ isConnected: false });
      if (!isFinal(code)) {
        this.#timer = setTimeout(() => this.#dial(), backoffMs(this.#attempt++, Math.random(), DEFAULTS));
      }
    });
  }
}

/** Relative URLs are of the page's server. */
export function useWebSocket(url = "ws://localhost:3000/ws"): WebSocketView {
  const socket = useMemo(() => new RawSocket(url), [url]);
  const view = useSyncExternalStore(socket.subscribe, socket.getSnapshot, closed);
  useEffect(socket.open, [socket]);
  return { ...view, ...socket.actions };
}
