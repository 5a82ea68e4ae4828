/** Contract of Broker.publish: who gets an event, in which order, how often. Declared by broker.ts. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { EVERYBODY } from "../../src/message.ts";
import { eventually } from "../waiting.ts";
import { type Declare, message, publishKept } from "./broker.ts";

const KEEP = { size: 100, ttlMs: 60_000 };

export function deliveryContract(declare: Declare): void {
  declare("an event is delivered on the publishing node before publish settles", 1, async ({ nodes: [a] }) => {
    await a.broker.subscribe("lobby");
    const routed = { room: "lobby", event: message(a.node, "lobby"), except: "somebody", only: "kebab" };
    assertEquals(await a.broker.publish(routed), {});
    assertEquals(a.node.delivered, [routed]);
  });

  declare("a node is told of rooms it subscribed to, and of everybody", 1, async ({ nodes: [a] }) => {
    await a.broker.subscribe("in");
    await a.broker.subscribe("left");
    await a.broker.unsubscribe("left");
    for (const room of ["in", "left", "never"]) await a.broker.publish({ room, event: message(a.node, room) });
    await a.broker.publish({ room: EVERYBODY, event: { ...message(a.node, "x"), room: undefined } });
    assertEquals(a.node.delivered.map(({ room }) => room), ["in", EVERYBODY]);
  });

  declare("kept messages count from 1 and are delivered with their position", 1, async ({ nodes: [a] }) => {
    await a.broker.subscribe("kept");
    const kept = await publishKept(a, { room: "kept", count: 3 });
    const { position } = await a.broker.publish({ room: "kept", event: message(a.node, "kept") });
    assertEquals(position, undefined);
    assertEquals(kept.map((event) => event.position!.offset), [1, 2, 3]);
    assertEquals(new Set(kept.map((event) => event.position!.epoch)).size, 1);
    const delivered = a.node.messagesIn("kept").map((event) => event.position);
    assertEquals(delivered, [...kept.map((event) => event.position), undefined]);
  });

  declare("only messages are kept", 1, async ({ nodes: [a] }) => {
    await a.broker.subscribe("kept");
    const { id, timestamp, from } = message(a.node, "kept");
    const signal = { type: "typing", active: true } as const;
    const event = { kind: "signal", id, timestamp, from, room: "kept", signal } as const;
    assertEquals(await a.broker.publish({ room: "kept", event }, { keep: KEEP }), {});
    assertEquals((await a.broker.history.read("kept", { limit: 9 })).messages, []);
  });

  declare("each room counts by itself, whatever its name", 1, async ({ nodes: [a] }) => {
    for (const room of ["a b}/{ü", "日本", "%7B", "{}", "__proto__", "x:y"]) {
      await a.broker.subscribe(room);
      const [first] = await publishKept(a, { room, count: 1 });
      assertEquals(first.position?.offset, 1, room);
      assertEquals(a.node.messagesIn(room).length, 1, room);
    }
  });

  declare("data arrives as it was sent", 1, async ({ nodes: [a] }) => {
    await a.broker.subscribe("data");
    const samples: unknown[] = [null, false, 0, "", '\u2028 é 🎈 "\\', [], {}, [[{ a: { b: [1.5, null] } }]], {
      $bytes: "not bytes",
      nested: { $bytes: 1 },
    }];
    for (const data of samples) {
      await a.broker.publish({ room: "data", event: message(a.node, "data", data) }, { keep: KEEP });
    }
    assertEquals(a.node.messagesIn("data").map(({ data }) => data), samples);
    const { messages } = await a.broker.history.read("data", { limit: 50 });
    assertEquals(messages.map(({ data }) => data), samples);
  });

  declare("bytes inside of data survive", 2, async ({ nodes: [a, b] }) => {
    await b.broker.subscribe("bytes");
    const data = { file: new Uint8Array([0, 255, 10, 128]), deep: [{ more: new Uint8Array() }] };
    const event = { ...message(a.node, "bytes", data), binary: true };
    await a.broker.publish({ room: "bytes", event }, { keep: KEEP });
    const [got] = await eventually(() => b.node.messagesIn("bytes").length > 0 && b.node.messagesIn("bytes"));
    const [kept] = (await b.broker.history.read("bytes", { limit: 1 })).messages;
    assertEquals([got.data, got.binary, kept.data, kept.binary], [data, true, data, true]);
  });

  declare("bytes are kept as bytes, and what only looks like them is not marked", 1, async ({ nodes: [a] }) => {
    await a.broker.subscribe("bytes");
    const binary = { ...message(a.node, "bytes", { file: new Uint8Array([0, 255]) }), binary: true };
    const plain = message(a.node, "bytes", { file: { $base64: "AP8=" } });
    for (const event of [binary, plain]) await a.broker.publish({ room: "bytes", event }, { keep: KEEP });
    const { messages } = await a.broker.history.read("bytes", { limit: 2 });
    assertEquals(messages.map(({ data }) => data), [binary.data, plain.data]);
    assertEquals(messages.map((event) => event.binary), [true, undefined]);
  });

  declare("a repeat is answered with the first and told to nobody", 1, async ({ nodes: [a] }) => {
    await a.broker.subscribe("once");
    let timestamp = 1_700_000_000_000;
    const publish = async (options: object) => {
      const event = { ...message(a.node, "once"), timestamp: timestamp++ };
      return { id: event.id, timestamp: event.timestamp, ...await a.broker.publish({ room: "once", event }, options) };
    };
    const once = { sender: "ann", key: "1:abc" };
    const first = await publish({ keep: KEEP, once });
    assertEquals(first.duplicateOf, undefined);
    const repeat = await publish({ keep: KEEP, once });
    assertEquals({ position: repeat.position, duplicateOf: repeat.duplicateOf }, {
      position: first.position,
      duplicateOf: { id: first.id, timestamp: first.timestamp },
    });
    for (const other of [{ sender: "ann", key: "1:abd" }, { sender: "bob", key: "1:abc" }]) {
      assertEquals((await publish({ keep: KEEP, once: other })).duplicateOf, undefined);
    }
    assertEquals(a.node.messagesIn("once").map(({ position }) => position!.offset), [1, 2, 3]);
  });

  declare("a repeat is found where nothing is kept", 1, async ({ nodes: [a] }) => {
    await a.broker.subscribe("once");
    const once = { sender: "ann", key: "k" };
    const event = message(a.node, "once");
    assertEquals(await a.broker.publish({ room: "once", event }, { once }), {});
    const repeat = await a.broker.publish({ room: "once", event: { ...message(a.node, "once"), timestamp: 5 } }, {
      once,
    });
    assertEquals(repeat.duplicateOf, { id: event.id, timestamp: event.timestamp });
    assertEquals(repeat.position, undefined);
    assertEquals(a.node.messagesIn("once").length, 1);
  });

  declare("the last 256 keys of a sender are remembered for five minutes", 1, async ({ nodes: [a], advance }) => {
    const publish = async (n: number) => {
      const options = { once: { sender: "ann", key: `k${n}` } };
      return (await a.broker.publish({ room: "once", event: message(a.node, "once") }, options)).duplicateOf;
    };
    for (let n = 1; n <= 256; n++) assertEquals(await publish(n), undefined);
    assert(await publish(1));
    assert(await publish(256));
    if (!advance) return;
    advance(5 * 60_000);
    assertEquals(await publish(1), undefined);
  });

  declare("a repeat is found from another node", 2, async ({ nodes: [a, b] }) => {
    const once = { sender: "ann", key: "k" };
    const event = message(a.node, "once");
    const first = await a.broker.publish({ room: "once", event }, { keep: KEEP, once });
    const repeat = await b.broker.publish({ room: "once", event: message(b.node, "once") }, { keep: KEEP, once });
    const { id, timestamp } = event;
    assertEquals(repeat, { position: first.position, duplicateOf: { id, timestamp } });
  });

  declare("a backend's ids may be any text, and the same again", 2, async ({ nodes: [a, b] }) => {
    for (const { broker } of [a, b]) await broker.subscribe("ids");
    const ids = ["two words", "tab\tand\nline", " % {é}", "42"];
    for (const id of ids) {
      const event = { ...message(a.node, "ids"), id };
      const options = { keep: KEEP, once: { sender: "*", key: id } };
      const first = await a.broker.publish({ room: "ids", event: { ...event } }, options);
      assertEquals(first.duplicateOf, undefined);
      const repeat = await a.broker.publish({ room: "ids", event: { ...event, timestamp: 5 } }, options);
      assertEquals(repeat, { position: first.position, duplicateOf: { id, timestamp: event.timestamp } });
      assertEquals(await a.broker.publish({ room: "ids", event: { ...event } }), {});
    }
    const heard = ids.flatMap((id) => [id, id]);
    await eventually(() => b.node.messagesIn("ids").length === heard.length);
    for (const { node } of [a, b]) assertEquals(node.messagesIn("ids").map(({ id }) => id), heard);
  });

  declare("one id may be on its way more than once", 1, async ({ nodes: [a] }) => {
    const rooms = ["one", "two"];
    for (const room of rooms) await a.broker.subscribe(room);
    await Promise.all(rooms.map((room) => {
      return a.broker.publish({ room, event: { ...message(a.node, room, room), id: "42" } }, { keep: KEEP });
    }));
    for (const room of rooms) assertEquals(a.node.messagesIn(room).map(({ data }) => data), [room]);
    await Promise.all([1, 2, 3].map((data) => {
      return a.broker.publish({ room: "one", event: { ...message(a.node, "one", data), id: "42" } }, { keep: KEEP });
    }));
    await eventually(() => a.node.messagesIn("one").length === 4);
    assertEquals(a.node.messagesIn("one").map(({ data }) => data), ["one", 1, 2, 3]);
  });

  declare("every node sees one order", 2, async ({ nodes }) => {
    for (const { broker } of nodes) await broker.subscribe("busy");
    const each = 200;
    await Promise.all(
      nodes.flatMap(({ broker, node }) =>
        Array.from(
          { length: each },
          (_, n) =>
            broker.publish({ room: "busy", event: message(node, "busy", n) }, n % 3 === 0 ? {} : { keep: KEEP }),
        )
      ),
    );
    const seen = await Promise.all(nodes.map(({ node }) =>
      eventually(() => {
        const ids = node.messagesIn("busy").map(({ id }) => id);
        return ids.length >= each * nodes.length && ids;
      })
    ));
    assertEquals(seen[1], seen[0]);
    assertEquals(new Set(seen[0]).size, each * nodes.length);
    const offsets = nodes[1].node.messagesIn("busy").flatMap(({ position }) => position ? [position.offset] : []);
    assertEquals(offsets, offsets.map((_, n) => n + 1));
  });

  declare("every node sees one order in a busy room that is read all the time", 2, async ({ nodes }) => {
    for (const { broker, node } of nodes) {
      await broker.subscribe("busy");
      await broker.presence.enter("busy", node.connect());
      await broker.history.read("busy", { limit: 0 });
    }
    const each = 150;
    const keep = { ...KEEP, size: 20 };
    await Promise.all(nodes.flatMap(({ broker, node }) =>
      Array.from({ length: each }, async (_, n) => {
        await broker.publish({ room: "busy", event: message(node, "busy", n) }, n % 3 === 0 ? {} : { keep });
        if (n % 10 === 0) await broker.history.read("busy", { limit: 5 });
      })
    ));
    const seen = await Promise.all(nodes.map(({ node }) =>
      eventually(() => {
        const ids = node.messagesIn("busy").map(({ id }) => id);
        return ids.length >= each * nodes.length && ids;
      })
    ));
    assertEquals(seen[1], seen[0]);
  });

  declare("everybody means every node", 2, async ({ nodes: [a, b] }) => {
    const event = { ...message(a.node, "x"), room: undefined };
    await a.broker.publish({ room: EVERYBODY, event, only: "kebab" });
    const [routed] = await eventually(() => b.node.delivered.length > 0 && b.node.delivered);
    assertEquals(routed, { room: EVERYBODY, event: JSON.parse(JSON.stringify(event)), only: "kebab" });
    assertNotEquals(a.node.id, b.node.id);
  });
}
