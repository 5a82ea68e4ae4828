/** The adapter's contract, part two: frames to and from a socket, topics, and the order of it all. */
import { assert, assertEquals, assertFalse } from "@std/assert";
import { test } from "node:test";
import type { Socket } from "../../src/adapter.ts";
import { type AdapterFactory, settled, TestListener } from "./test_listener.ts";

export function deliveryContract(factory: AdapterFactory): void {
  frames(factory);
  topics(factory);
  exceptions(factory);
  order(factory);
  departures(factory);
}

function frames(factory: AdapterFactory): void {
  test("adapter: text goes both ways", async () => {
    await using listener = await TestListener.start(factory, { message: (socket, frame) => void socket.send(frame) });
    const { client } = await listener.client();
    for (const text of ["hello", "", "zwölf Boxkämpfer 🥊", "x".repeat(60_000)]) {
      client.send(text);
      assertEquals(await client.next(), text);
    }
  });

  test("adapter: bytes go both ways, and of a view only what it shows", async () => {
    await using listener = await TestListener.start(factory);
    const { client, socket } = await listener.client();
    const view = new Uint8Array([9, 9, 1, 2, 3, 9]).subarray(2, 5);
    client.send(view);
    socket.subscribe("t");
    assert(socket.send(view));
    assertEquals(await client.next(), new Uint8Array([1, 2, 3]));
    listener.adapter.publish("t", view);
    assertEquals(await client.next(), new Uint8Array([1, 2, 3]));
    await settled({ client, socket });
    const [frame] = listener.framesOf(socket);
    assert(frame instanceof Uint8Array);
    assertEquals([...frame], [1, 2, 3]);
  });

  test("adapter: send tells whether the frame was taken", async () => {
    await using listener = await TestListener.start(factory);
    const { socket } = await listener.client();
    assert(socket.send("x"));
    assert(socket.send(""));
    assert(socket.send(new Uint8Array(0)));
    socket.close(1000, "");
    assertFalse(socket.send("x"));
    assertFalse(socket.send(""));
  });

  test("adapter: bytes that the kernel took are not buffered", async () => {
    await using listener = await TestListener.start(factory);
    const { client, socket } = await listener.client();
    assertEquals(socket.bufferedBytes, 0);
    socket.send("x".repeat(1000));
    await settled({ client, socket });
    assertEquals(socket.bufferedBytes, 0);
  });
}

function topics(factory: AdapterFactory): void {
  test("adapter: a publish reaches the topic's sockets on all ports and nobody else", async () => {
    await using listener = await TestListener.start(factory, { ports: [0, 0] });
    const a = await listener.client();
    const b = await listener.client({ port: listener.ports[1] });
    const c = await listener.client();
    for (const { socket } of [a, b]) socket.subscribe("t");
    c.socket.subscribe("other");
    listener.adapter.publish("t", "all");
    for (const one of [a, b, c]) await settled(one);
    assertEquals([a, b, c].map(({ client }) => client.frames[0] === "all"), [true, true, false]);
  });

  test("adapter: subscribing twice delivers once, leaving twice is no fault", async () => {
    await using listener = await TestListener.start(factory);
    const one = await listener.client();
    one.socket.subscribe("t");
    one.socket.subscribe("t");
    listener.adapter.publish("t", "once");
    one.socket.unsubscribe("t");
    one.socket.unsubscribe("t");
    one.socket.unsubscribe("never joined");
    listener.adapter.publish("t", "not any more");
    one.socket.subscribe("t");
    listener.adapter.publish("t", "again");
    await settled(one);
    assertEquals(one.client.frames.slice(0, -1), ["once", "again"]);
  });

  test("adapter: a topic without sockets is no fault", async () => {
    await using listener = await TestListener.start(factory);
    listener.adapter.publish("nobody", "x");
    const one = await listener.client();
    one.socket.subscribe("t");
    one.socket.unsubscribe("t");
    listener.adapter.publish("t", "x");
    await settled(one);
    assertEquals(one.client.frames.length, 1);
  });

  test("adapter: topics may have any name, and one that begins like another is another", async () => {
    await using listener = await TestListener.start(factory);
    const one = await listener.client();
    const names = ["kebab:a/b", "kebab:a", "snow ☃", "a b", "#+*", "__proto__"];
    for (const name of names) one.socket.subscribe(name);
    for (const name of names) listener.adapter.publish(name, name);
    listener.adapter.publish("kebab:", "not subscribed");
    await settled(one);
    assertEquals(one.client.frames.slice(0, -1), names);
  });
}

function exceptions(factory: AdapterFactory): void {
  /** Who of a (port 1, in the topic), b (port 1), c (port 2) gets a publish that leaves `except` out. */
  async function reached(
    listener: TestListener,
    except: (sockets: Socket[]) => Socket | undefined,
  ): Promise<boolean[]> {
    const all = [await listener.client(), await listener.client(), await listener.client({ port: listener.ports[1] })];
    for (const { socket } of all) socket.subscribe("t");
    listener.adapter.publish("t", "news", except(all.map(({ socket }) => socket)));
    const open = all.filter(({ socket }) => listener.endsOf(socket) === 0 && socket.send("done"));
    for (const { client } of open) await client.next((frame) => frame === "done");
    return all.map(({ client }) => client.frames.includes("news"));
  }

  test("adapter: a publish leaves one socket out, whatever its port", async () => {
    await using listener = await TestListener.start(factory, { ports: [0, 0] });
    assertEquals(await reached(listener, ([a]) => a), [false, true, true]);
  });

  test("adapter: a publish leaves out a socket of another port", async () => {
    await using listener = await TestListener.start(factory, { ports: [0, 0] });
    assertEquals(await reached(listener, ([, , c]) => c), [true, true, false]);
  });

  test("adapter: leaving out a socket that is not subscribed changes nothing", async () => {
    await using listener = await TestListener.start(factory, { ports: [0, 0] });
    const { socket } = await listener.client();
    assertEquals(await reached(listener, () => socket), [true, true, true]);
    socket.subscribe("other");
    assertEquals(await reached(listener, () => socket), [true, true, true]);
  });

  test("adapter: leaving out a socket that has closed changes nothing", async () => {
    await using listener = await TestListener.start(factory, { ports: [0, 0] });
    const closeFirst = (close: (socket: Socket) => void) => ([a]: Socket[]) => {
      close(a);
      return a;
    };
    assertEquals(await reached(listener, closeFirst((a) => a.close(4000, ""))), [false, true, true]);
    assertEquals(await reached(listener, closeFirst((a) => a.abandon(4409, ""))), [false, true, true]);
    const { client, socket } = await listener.client();
    await client.close();
    await listener.endOf(socket);
    assertEquals(await reached(listener, () => socket), [true, true, true]);
  });

  test("adapter: leaving out a socket of another transport changes nothing", async () => {
    await using listener = await TestListener.start(factory, { ports: [0, 0] });
    const polling: Socket = {
      context: undefined,
      bufferedBytes: 0,
      send: () => true,
      subscribe: () => undefined,
      unsubscribe: () => undefined,
      close: () => undefined,
      abandon: () => undefined,
    };
    assertEquals(await reached(listener, () => polling), [true, true, true]);
  });
}

function order(factory: AdapterFactory): void {
  test("adapter: send, publish, subscribe, unsubscribe and close take effect in the order of the calls", async () => {
    await using listener = await TestListener.start(factory);
    const { client, socket } = await listener.client();
    const large = "x".repeat(70_000);
    const { adapter } = listener;
    adapter.publish("t", "too early");
    socket.subscribe("t");
    socket.subscribe("*");
    socket.send("1");
    adapter.publish("t", "2");
    socket.send("3");
    adapter.publish("t", large);
    adapter.publish("*", "4");
    socket.send("5");
    adapter.publish("t", new Uint8Array([6]));
    socket.unsubscribe("t");
    adapter.publish("t", "too late");
    socket.send("7");
    adapter.publish("*", "8");
    socket.close(4002, "bye");
    adapter.publish("*", "after the end");
    assertEquals(await client.closed, { code: 4002, reason: "bye" });
    assertEquals(client.frames, ["1", "2", "3", large, "4", "5", new Uint8Array([6]), "7", "8"]);
  });

  test("adapter: a socket that leaves its last topic gets what was published to it before", async () => {
    await using listener = await TestListener.start(factory);
    const one = await listener.client();
    one.socket.subscribe("t");
    one.socket.subscribe("*");
    listener.adapter.publish("t", "before");
    one.socket.unsubscribe("t");
    await settled(one);
    assertEquals(one.client.frames[0], "before");
  });

  test("adapter: frames arrive in the order they were sent, a thousand of them", async () => {
    await using listener = await TestListener.start(factory, {
      message: (_socket, frame) => listener.adapter.publish("t", frame),
    });
    const { client, socket } = await listener.client();
    socket.subscribe("t");
    const sent = Array.from({ length: 1000 }, (_, i) => `${i}`);
    for (const text of sent) client.send(text);
    await client.next((frame) => frame === "999");
    assertEquals(client.frames, sent);
  });
}

function departures(factory: AdapterFactory): void {
  test("adapter: whoever vanishes during publishes disturbs nobody", async () => {
    await using listener = await TestListener.start(factory);
    const stays = await listener.client();
    stays.socket.subscribe("t");
    const leaving = await Promise.all(Array.from({ length: 10 }, () => listener.peer()));
    for (const { socket } of leaving) socket.subscribe("t");
    const sent: string[] = [];
    for (const [i, { peer, socket }] of leaving.entries()) {
      if (i % 3 === 0) peer.destroy();
      else if (i % 3 === 1) socket.close(4000, "");
      else peer.sendClose(1000);
      sent.push(`${i}`);
      listener.adapter.publish("t", `${i}`);
    }
    for (const { socket } of leaving) await listener.endOf(socket);
    listener.adapter.publish("t", "end");
    await stays.client.next((frame) => frame === "end");
    assertEquals(stays.client.frames, [...sent, "end"]);
    assertEquals(leaving.map(({ socket }) => listener.endsOf(socket)), leaving.map(() => 1));
  });

  test("adapter: a socket has left its topics when its end is told, and a publish from there reaches the others", async () => {
    await using listener = await TestListener.start(factory, {
      close: (socket) => listener.adapter.publish("t", `${socket.context} left`, socket),
    });
    const stays = await listener.client();
    const leaving = [await listener.client(), await listener.client(), await listener.client()];
    for (const { socket } of [stays, ...leaving]) socket.subscribe("t");
    const [client, server, abandoned] = leaving;
    const ends = [
      () => void client.client.close(),
      () => server.socket.close(4000, ""),
      () => abandoned.socket.abandon(4409, ""),
    ];
    for (const [i, end] of ends.entries()) {
      end();
      assertEquals(await stays.client.next(), `${leaving[i].socket.context} left`);
    }
    await Promise.all([client.client.closed, server.client.closed]);
    for (const { client, socket } of leaving) assertFalse(client.frames.includes(`${socket.context} left`));
  });

  test("adapter: a closed socket cannot come back into a topic", async () => {
    await using listener = await TestListener.start(factory);
    const stays = await listener.client();
    const { client, socket } = await listener.client();
    stays.socket.subscribe("t");
    socket.close(4000, "");
    socket.subscribe("t");
    socket.unsubscribe("t");
    listener.adapter.publish("t", "news");
    assertEquals(await stays.client.next(), "news");
    await client.closed;
    assertEquals(client.frames, []);
  });
}
