/**
 * Everything a stranger can do wrong, all of it at once against one server: each is answered or closed as the protocol
 * says, a bystander notices nothing, and nothing is left.
 */
import { connect } from "node:net";
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { eventually, TestSocket } from "../harness.ts";
import { SocketioClients, TRANSPORTS } from "./socketio_clients.ts";
import { TestServer } from "./test_server.ts";

const SLOW = { timeout: 60_000 };
const POLL = "/socket.io/?EIO=4&transport=polling";
const conversationId = "lobby";

/** A raw session over a WebSocket, in the namespace `/`. */
async function joined(server: TestServer): Promise<TestSocket> {
  const socket = await TestSocket.open(server.ws("/socket.io/?EIO=4&transport=websocket"));
  socket.send("40");
  await socket.next((frame) => String(frame).startsWith("40"));
  return socket;
}

async function sessionId(server: TestServer): Promise<string> {
  const response = await fetch(server.url(POLL));
  return JSON.parse((await response.text()).slice(1)).sid;
}

type Attack = (server: TestServer) => Promise<void>;

/** Closed by the server after these packets. */
const closedBy = (...packets: (string | Uint8Array)[]): Attack => async (server) => {
  const socket = await joined(server);
  for (const packet of packets) socket.send(packet);
  await socket.closed;
};

const ATTACKS: Record<string, Attack> = {
  "no packet": closedBy("x"),
  "no Socket.IO packet": closedBy("4x"),
  "an event without a name": closedBy("42[]"),
  "a reserved name": closedBy('42["disconnect",1]'),
  "broken JSON": closedBy('42["sendMessage",{"conversationId":]'),
  "a namespace that was not joined": closedBy('42/other,["x"]'),
  "too many attachments": closedBy('4511-["x"]'),
  "text inside a binary packet": closedBy('451-["x",{"_placeholder":true,"num":0}]', '42["x"]'),
  "bytes out of turn": closedBy(new Uint8Array(4)),
  "endless refused namespaces": closedBy(...Array.from({ length: 40 }, (_, n) => `40/${n},`)),
  async "a packet before CONNECT"(server) {
    const socket = await TestSocket.open(server.ws("/socket.io/?EIO=4&transport=websocket"));
    socket.send('42["sendMessage",{"conversationId":"lobby","content":"forged"}]');
    await socket.closed;
  },
  async "a flood of acknowledgements"(server) {
    const socket = await joined(server);
    for (let n = 0; n < 2000; n++) socket.send(`43${n}[]`);
    await socket.closed;
  },
  async "an unfinished binary packet"(server) {
    const socket = await joined(server);
    socket.send('452-["x"]');
    socket.send(new Uint8Array(10));
    await socket.closed;
  },
  async "overlapping polls"(server) {
    const sid = await sessionId(server);
    const answers = await Promise.all([1, 2].map(() => fetch(server.url(`${POLL}&sid=${sid}`))));
    assertEquals(answers.map(({ status }) => status).sort(), [200, 400]);
    for (const answer of answers) await answer.body?.cancel();
  },
  async "a poll that is aborted half-way"(server) {
    const sid = await sessionId(server);
    const socket = connect(server.parley.port, "127.0.0.1");
    socket.write(`GET ${POLL}&sid=${sid} HTTP/1.1\r\nHost: localhost\r\n\r\n`, () => socket.destroy());
    await eventually(async () => {
      const answer = await fetch(server.url(`${POLL}&sid=${sid}`), { method: "POST", body: "3" });
      await answer.body?.cancel();
      return answer.status === 400;
    });
  },
  async "a post that never ends"(server) {
    const sid = await sessionId(server);
    const socket = connect(server.parley.port, "127.0.0.1");
    socket.write(`POST ${POLL}&sid=${sid} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n42`);
    await eventually(async () => {
      const answer = await fetch(server.url(`${POLL}&sid=${sid}`), { method: "POST", body: "3" });
      await answer.body?.cancel();
      return answer.status === 400;
    });
    socket.destroy();
  },
  async "a second WebSocket"(server) {
    const socket = await TestSocket.open(server.ws("/socket.io/?EIO=4&transport=websocket"));
    const { sid } = JSON.parse(String(await socket.next()).slice(1));
    const second = await TestSocket.open(server.ws(`/socket.io/?EIO=4&transport=websocket&sid=${sid}`));
    await second.closed;
    await socket.close();
  },
  async "a probe that is abandoned"(server) {
    const sid = await sessionId(server);
    for (let n = 0; n < 3; n++) {
      const probe = await TestSocket.open(server.ws(`/socket.io/?EIO=4&transport=websocket&sid=${sid}`));
      probe.send("2probe");
      await probe.next();
      await probe.close();
    }
    await fetch(server.url(`${POLL}&sid=${sid}`), { method: "POST", body: "1" });
  },
  async "somebody else's session"(server) {
    const answer = await fetch(server.url(`${POLL}&sid=${"A".repeat(24)}`), { method: "POST", body: "41" });
    assertEquals((await answer.json()).code, 1);
  },
  async "events with the wrong content"(server) {
    const socket = await joined(server);
    const events = ["sendMessage", "joinConversation", "typing", "callSignal", "setPresence", "markNotificationRead"];
    const deep = `${"[".repeat(500)}${"]".repeat(500)}`;
    for (const event of events) {
      for (
        const argument of [
          "null",
          "7",
          "[]",
          '"x"',
          "{}",
          '{"conversationId":{}}',
          `{"conversationId":"a","x":${deep}}`,
        ]
      ) {
        socket.send(`421["${event}",${argument}]`);
        const answer = String(await socket.next((frame) => String(frame).startsWith("431")));
        assert(JSON.parse(answer.slice(3))[0].ok === false, `${event} ${argument}: ${answer}`);
      }
    }
    await socket.close();
  },
};

test("no bad input disturbs anybody else or leaves anything", SLOW, async () => {
  await using server = await TestServer.open({
    socketioPingTimeoutMs: 400,
    websocketMessageRate: 300,
    websocketMessageBurst: 300,
  });
  await using clients = new SocketioClients(server);
  const [ann, bob] = [
    await clients.connect("ann"),
    await clients.connect("bob", { transports: TRANSPORTS["by polling"] }),
  ];
  for (const client of [ann, bob]) await client.ask("joinConversation", { conversationId });
  let sent = 0;
  for (const [name, attack] of Object.entries(ATTACKS)) {
    await attack(server).catch((cause) => Promise.reject(new Error(`The attack "${name}" went otherwise`, { cause })));
    await ann.ask("sendMessage", { conversationId, content: String(++sent) });
    assertEquals((await bob.hear("newMessage")).content, String(sent), name);
  }
  await eventually(() => server.parley.getClientCount() === 2);
  assertEquals(
    ann.heard("newMessage").map(({ content }) => Number(content)),
    Array.from({ length: sent }, (_, n) => n + 1),
  );
  assertEquals([ann.heard("exception"), bob.heard("exception")], [[], []]);
  ann.close();
  bob.close();
  await eventually(() => server.parley.getClientCount() === 0 && server.parley.getRoomCount() === 0);
});
