/**
 * A client in a fake world, greeted and ready, with everything it reported.
 */
import { createClient } from "../../src/client/client.ts";
import type { ClientError } from "../../src/client/client_error.ts";
import type { ClientOptions } from "../../src/client/options.ts";
import { FakePlatform, settled } from "./fake_platform.ts";

export function idleClient<Events extends object = Record<string, unknown>>(options: ClientOptions = {}) {
  const platform = new FakePlatform();
  Object.assign(platform, options.platform);
  const errors: ClientError[] = [];
  const client = createClient<Events>("wss://chat.test/websocket/connect", {
    ...options,
    platform,
    onError(error) {
      errors.push(error);
      options.onError?.(error);
    },
  });
  return { client, platform, errors, codes: () => errors.map((error) => error.code) };
}

export async function openClient<Events extends object = Record<string, unknown>>(options: ClientOptions = {}) {
  const world = idleClient<Events>(options);
  world.client.connect();
  await settled();
  world.platform.socket.greet();
  return world;
}

/** A token with that `exp`, in seconds; the signature is nobody's. */
export function tokenUntil(exp: number, note = "", sub?: string): string {
  const part = (value: unknown) =>
    btoa(JSON.stringify(value)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
  return `${part({ alg: "none" })}.${part({ sub, exp, note })}.c2ln`;
}
