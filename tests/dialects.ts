/**
 * The dialects of a server, as it makes them from its configuration, for tests of a dialect without a server.
 */
import { type ConfigOverrides, defaultConfig } from "../src/config/config.ts";
import type { AnyDialect, Dialect } from "../src/dialect.ts";
import { createDialects, DIALECT_FAMILIES, reservedBy, undecidedAmong } from "../src/dialects/all.ts";
import type { DialectFamily } from "../src/dialects/family.ts";
import type { SocketioPacket } from "../src/socketio/codec.ts";
import { pubsubFamily } from "./pubsub_dialect.ts";

/** The list with one line more. */
export const ALL_FAMILIES: readonly DialectFamily[] = [...DIALECT_FAMILIES, pubsubFamily];

export const isReserved = reservedBy(DIALECT_FAMILIES);

/** By name; further namespaces of Socket.IO have theirs. */
export function dialectsFor(
  overrides: ConfigOverrides = {},
  families: readonly DialectFamily[] = DIALECT_FAMILIES,
): Map<string, AnyDialect> {
  const listed = createDialects(defaultConfig({ jwtSecret: "x".repeat(32), ...overrides }, families), families);
  return new Map(listed.map(({ dialect }) => [dialect.name, dialect]));
}

const usual = dialectsFor();

export const envelope = usual.get("envelope") as Dialect;
export const kebab = usual.get("kebab") as Dialect;
export const snake = usual.get("snake") as Dialect;
export const plain = usual.get("plain") as Dialect;
export const socketio = usual.get("socketio") as Dialect<SocketioPacket>;
export const undecided = undecidedAmong([kebab, snake, plain]);

/** A further namespace of Socket.IO. */
export function namespaceDialect(namespace: string): Dialect<SocketioPacket> {
  return dialectsFor({ socketioNamespaces: [namespace] }).get(`socketio${namespace}`) as Dialect<SocketioPacket>;
}
