/**
 * Contract between a protocol and the list of the dialects (all.ts): what it declares before there is a server, and what it
 * makes its dialects from.
 */
import type { SettingTable, ValuesOf } from "../config/kinds.ts";
import type { DialectDeclaration } from "../config/settings.ts";
import type { AnyDialect } from "../dialect.ts";
import type { Policy } from "../policy.ts";

/** A protocol with its wire forms, as DIALECTS switches it on and off; most have one. */
export interface DialectFamily<S extends SettingTable = SettingTable> extends DialectDeclaration {
  readonly settings?: S;
  /** Whether the name is one of its own frames or events: with it a custom signal of any client could forge one. */
  reserved?(name: string): boolean;
  /** Whether it gives the event a meaning, which an embedding program then cannot. */
  handles?(event: string): boolean;
  /** Of rooms that it protects, at every way in: those of its own, mostly. */
  guard?(config: DialectContext<S>["config"]): Policy | undefined;
  /** One for each wire form. The first is the one that is meant by the family's name. */
  dialects(given: DialectContext<S>): readonly AnyDialect[];
}

/** What a family makes its dialects from. */
export interface DialectContext<S extends SettingTable = SettingTable> {
  readonly config: DialectConfig & ValuesOf<S>;
  /** Whether the name is reserved by any family. */
  isReserved(name: string): boolean;
}

/** The part of the configuration that every family may read. */
export interface DialectConfig {
  readonly basePath: string;
  /** With the base path. */
  readonly paths: Readonly<Record<"envelope" | "socketio" | "ws", string>>;
  readonly socketioNamespaces: readonly string[];
}
