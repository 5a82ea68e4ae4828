/** Joins and leaves that an outage swallowed are told afterwards, and none is told twice. */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { KnownMembers, MAX_KNOWN } from "../../src/brokers/cluster/known_members.ts";
import type { Member, MembershipEvent, Roster } from "../../src/message.ts";

function member(connection: string, user?: string): Member {
  return { connection, user, name: "n" };
}

function move(kind: "join" | "leave", who: Member, more: Partial<MembershipEvent> = {}): MembershipEvent {
  const seats = { edge: true, members: 2, users: 2, announcing: true };
  return { kind, id: "i", timestamp: 0, room: "r", member: who, ...seats, ...more };
}

function roster(...list: Member[]): Roster {
  const { length } = list;
  return {
    list: list.map((each) => ({ ...each, status: "online" })),
    members: length,
    users: length,
    announcing: true,
  };
}

type Changes = ReturnType<KnownMembers["compare"]>;

function moves(changes: Changes) {
  return changes.filter((change) => change.kind !== "member_updated");
}

/** What a comparison tells, in short. */
function told(known: KnownMembers, now: Roster): string[] {
  return moves(known.compare(now)).map(({ kind, member, edge, members, users }) =>
    `${kind === "join" ? "+" : "-"}${member.connection}${edge ? "!" : ""} ${members}/${users}`
  );
}

test("the difference is told, leaves first, with edges and counts", () => {
  const known = new KnownMembers();
  known.complete(roster(member("a", "ann"), member("b", "bob"), member("b2", "bob"), member("g")));
  known.startComparing();
  const now = roster(member("a", "ann"), member("a2", "ann"), member("b2", "bob"), member("c", "cat"));
  assertEquals(told(known, now), ["-b 3/3", "-g! 2/2", "+a2 3/2", "+c! 4/3"]);
  known.startComparing();
  assertEquals(told(known, now), []);
});

test("whoever is heard of meanwhile is not told again", () => {
  const known = new KnownMembers();
  known.complete(roster(member("a", "ann")));
  known.startComparing();
  assertEquals(known.apply(move("join", member("new"))), true);
  assertEquals(known.apply(move("leave", member("a", "ann"))), true);
  assertEquals(told(known, roster(member("a", "ann"))), []);
});

test("a join or leave that changes nothing is told to nobody", () => {
  const known = new KnownMembers();
  known.complete(roster(member("a", "ann")));
  assertEquals(known.apply(move("join", member("a", "ann"))), false);
  assertEquals(known.apply(move("leave", member("b", "bob"))), false);
  assertEquals(known.apply(move("leave", member("a", "ann"))), true);
  assertEquals(known.apply(move("leave", member("a", "ann"))), false);
  assertEquals(known.apply(move("join", member("a", "ann"))), true);
});

test("what happened before the first roster was read stays true", () => {
  const known = new KnownMembers();
  assertEquals(known.apply(move("join", member("late"))), true);
  assertEquals(known.apply(move("leave", member("gone"))), true);
  known.complete(roster(member("a"), member("gone")));
  assertEquals(known.apply(move("leave", member("late"))), true);
  assertEquals(known.apply(move("leave", member("gone"))), false);
  assertEquals(known.apply(move("leave", member("a"))), true);
});

test("a guest who became a user leaves as that user", () => {
  const known = new KnownMembers();
  known.complete(roster(member("a"), member("b", "bob")));
  known.apply(move("leave", member("a"), { identityOnly: true }));
  known.apply(move("join", member("a", "bob"), { identityOnly: true }));
  known.startComparing();
  const changes = known.compare(roster(member("b", "bob")));
  assertEquals(moves(changes).map(({ member, edge }) => [member.user, edge]), [["bob", false]]);
});

test("what a member is shown with is told if it changed unheard, and not if it was heard", () => {
  const known = new KnownMembers();
  known.complete(roster(member("a"), member("b")));
  const event = { kind: "member_updated" as const, id: "i", timestamp: 1, room: "r" };
  assertEquals(known.apply({ ...event, member: { ...member("a"), info: 1 } }), true);
  assertEquals(known.apply({ ...event, member: { ...member("a"), info: 1 } }), false);
  known.startComparing();
  const changes = known.compare(roster({ ...member("a"), info: 1 }, { ...member("b"), info: 2 }));
  assertEquals(changes, [{ kind: "member_updated", member: { ...member("b"), info: 2 } }]);
  known.startComparing();
  assertEquals(known.compare(roster({ ...member("a"), info: 1 }, { ...member("b"), info: 2 })), []);
});

test("an incomplete roster completes nothing", () => {
  const known = new KnownMembers();
  known.complete({ ...roster(member("a")), members: 2 });
  assertEquals(known.isComplete, false);
  known.complete(roster(member("a")));
  known.startComparing();
  assertEquals(told(known, { ...roster(), members: 3 }), []);
});

test("a room that has grown too large is let through unseen", () => {
  const known = new KnownMembers();
  known.complete(roster(member("a")));
  assertEquals(known.apply(move("join", member("b"), { members: MAX_KNOWN + 1 })), true);
  assertEquals(known.isComplete, false);
  assertEquals(known.apply(move("join", member("b"))), true);
  known.startComparing();
  assertEquals(told(known, roster()), []);
});
