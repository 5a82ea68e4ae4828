/** Contract of Inbox and Grants: what is remembered about users. Declared by broker.ts. */
import { assert, assertEquals } from "@std/assert";
import type { Notification } from "../../src/message.ts";
import { type Declare, INBOX } from "./broker.ts";

function notification(id: string): Notification {
  return { id, read: false, createdAt: "2026-01-01T00:00:00.000Z", message: `é ${id}`, data: { deep: [1] } };
}

export function storesContract(declare: Declare): void {
  declare("an inbox pages from the newest", 1, async ({ nodes: [{ broker: { inbox } }] }) => {
    assertEquals(await inbox.list("ann", { limit: 3 }), { notifications: [], unread: 0, more: false });
    for (let n = 1; n <= INBOX.size; n++) assertEquals(await inbox.add("ann", notification(`n${n}`)), n);
    const first = await inbox.list("ann", { limit: 3 });
    assertEquals(first, { notifications: ["n5", "n4", "n3"].map(notification), unread: 5, more: true });
    const second = await inbox.list("ann", { before: "n3", limit: 3 });
    assertEquals(second, { notifications: ["n2", "n1"].map(notification), unread: 5, more: false });
    assertEquals((await inbox.list("ann", { before: "n4", limit: 3 })).more, false);
    assertEquals((await inbox.list("ann", { before: "unknown", limit: 3 })).notifications, []);
    assertEquals(await inbox.unread("bob"), 0);
  });

  declare("an inbox is bounded", 1, async ({ nodes: [{ broker: { inbox } }] }) => {
    for (let n = 1; n <= INBOX.size + 3; n++) await inbox.add("ann", notification(`n${n}`));
    const { notifications, unread } = await inbox.list("ann", { limit: 50 });
    assertEquals(notifications.map(({ id }) => id), ["n8", "n7", "n6", "n5", "n4"]);
    assertEquals(unread, INBOX.size);
  });

  declare("notifications are read one by one or all at once", 1, async ({ nodes: [{ broker: { inbox } }] }) => {
    for (const id of ["a", "b", "c"]) await inbox.add("ann", notification(id));
    assertEquals(await inbox.markRead("ann", "b"), 2);
    assertEquals(await inbox.markRead("ann", "b"), 2);
    assertEquals(await inbox.markRead("ann", "unknown"), 2);
    assertEquals((await inbox.list("ann", { limit: 9 })).notifications.map(({ read }) => read), [false, true, false]);
    assertEquals(await inbox.markRead("ann"), 0);
    assertEquals(await inbox.unread("ann"), 0);
    assertEquals(await inbox.add("ann", notification("d")), 1);
    assertEquals((await inbox.list("ann", { limit: 1 })).notifications, [notification("d")]);
  });

  declare("notifications grow too old", 1, async ({ nodes: [{ broker: { inbox } }], advance }) => {
    if (!advance) return;
    await inbox.add("ann", notification("a"));
    advance(INBOX.ttlMs - 1);
    assertEquals(await inbox.add("ann", notification("b")), 2);
    advance(1);
    assertEquals((await inbox.list("ann", { limit: 9 })).notifications.map(({ id }) => id), ["b"]);
    assertEquals(await inbox.unread("ann"), 1);
  });

  declare("an inbox is the same on every node", 2, async ({ nodes: [a, b] }) => {
    await a.broker.inbox.add("ann", notification("a"));
    assertEquals(await b.broker.inbox.markRead("ann"), 0);
    assertEquals(await a.broker.inbox.unread("ann"), 0);
  });

  declare("group changes are remembered", 1, async ({ nodes: [{ broker: { grants } }] }) => {
    assertEquals(await grants.groups("ann"), {});
    await grants.setGroup("ann", "fleet", true);
    await grants.setGroup("ann", "crew", true);
    await grants.setGroup("ann", "crew", false);
    await grants.setGroup("ann", "__proto__", true);
    await grants.setGroup("bob", "fleet", false);
    const groups = await grants.groups("ann");
    assertEquals(Object.entries(groups).sort(), [["__proto__", true], ["crew", false], ["fleet", true]]);
  });

  declare("a block ends", 1, async ({ nodes: [{ broker: { grants } }], advance }) => {
    assertEquals(await grants.blockedFor("ann"), 0);
    await grants.block("ann", 1e9);
    assertNearlyAll(await grants.blockedFor("ann"), 1e9);
    assertEquals(await grants.blockedFor("bob"), 0);
    await grants.block("ann", 0);
    assertEquals(await grants.blockedFor("ann"), 0);
    await grants.block("bob", 1e9);
    advance?.(1e9);
    if (advance) assertEquals(await grants.blockedFor("bob"), 0);
  });

  declare("decisions hold on every node", 2, async ({ nodes: [a, b] }) => {
    await a.broker.grants.setGroup("ann", "fleet", true);
    await a.broker.grants.block("ann", 1e6);
    assertEquals(await b.broker.grants.groups("ann"), { fleet: true });
    assertNearlyAll(await b.broker.grants.blockedFor("ann"), 1e6);
  });
}

/** Time passes while it is asked. */
function assertNearlyAll(leftMs: number, ms: number): void {
  assert(leftMs > ms - 30_000 && leftMs <= ms, `${leftMs} of ${ms} ms are left`);
}
