/**
 * Which client the hooks below use: the nearest provider's, or one for the page's own server.
 *
 * Rendering has no effect: connections are made and given back in effects, so that Strict Mode and server rendering see a
 * client that is idle.
 */
import type { ReactNode, RefObject } from "react";
import { createContext, createElement, useContext, useEffect, useMemo, useRef } from "./from_react.ts";
import { type Client, createClient } from "../client.ts";
import type { ClientOptions } from "../options.ts";
import { readToken, userOf } from "../token.ts";

export interface ParleyProviderProps extends ClientOptions {
  /** Default: `/websocket/connect` of the page's server. Ignored with `client`. */
  url?: string;
  /** A client of the application's own; its options are its own too. */
  client?: Client;
  /** Default true: connected for as long as the provider is mounted. */
  autoConnect?: boolean;
  children?: ReactNode;
}

const DEFAULT_URL = "/websocket/connect";
const Provided = createContext<Client | undefined>(undefined);
let shared: Client | undefined;

export function ParleyProvider(
  { url = DEFAULT_URL, client, autoConnect = true, children, ...options }: ParleyProviderProps,
) {
  const { token } = options;
  const latest = useLatest(options);
  const isRenewable = typeof token === "function";
  // Another user gets another client, in the very render that brings the token: nothing below says a word as the old one.
  const identity = isRenewable || userOf(token) || token || "";
  const own = useMemo(() => client ? undefined : createClient(url, followed(options, latest)), [client, url, identity]);
  const former = useRef(own);
  useEffect(() => {
    if (former.current !== own) former.current?.close();
    former.current = own;
    if (!isRenewable && token && token !== own?.token) own?.setToken(token).catch(own.failed);
  }, [own, isRenewable || token]);
  const current = client ?? own!;
  useEffect(() => autoConnect ? current.retain() : undefined, [current, autoConnect]);
  return createElement(Provided.Provider, { value: current }, children);
}

/** Options whose functions are always those of the latest render. */
function followed(options: ClientOptions, latest: RefObject<ClientOptions>): ClientOptions {
  return {
    ...options,
    token: typeof options.token === "function" ? () => readToken(latest.current.token) : options.token,
    onError: (error) => latest.current.onError?.(error),
    onSlowConnect: () => latest.current.onSlowConnect?.(),
  };
}

/**
 * Without a provider: a client that all hooks of the page share. `autoConnect`: connected for as long as the component is
 * mounted; by default the provider's business, where there is one.
 */
export function useClient(autoConnect?: boolean): Client {
  const provided = useContext(Provided);
  const client = provided ?? (shared ??= createClient(DEFAULT_URL));
  const holds = autoConnect ?? !provided;
  useEffect(() => holds ? client.retain() : undefined, [client, holds]);
  return client;
}

/** The value of the last render that was committed, for callbacks that outlive one. */
export function useLatest<Value>(value: Value): RefObject<Value> {
  const latest = useRef(value);
  useEffect(() => {
    latest.current = value;
  });
  return latest;
}
