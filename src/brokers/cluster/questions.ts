/**
 * The questions between nodes: how a node answers one, and what one looks like as JSON. Every broker answers through this;
 * which way a question and its answer take is the broker's own.
 */
import type { Delivery, LocalNode, NodeAnswers, NodeCommand, NodeQuestion } from "../../broker.ts";
import type { MaybePromise } from "../../maybe.ts";
import { checkEvent, encode, WIRE_VERSION } from "./wire.ts";

const COMMANDS: ReadonlySet<unknown> = new Set<NodeCommand["do"]>(["kick", "put_out", "move_group", "tell_members"]);

type Answer = NodeAnswers[NodeQuestion["what"]];

/** What this node answers. Throws what the node throws. */
export function answer(node: LocalNode, question: NodeQuestion): MaybePromise<Answer> {
  switch (question.what) {
    case "connections":
      return node.connections(question.query);
    case "rooms":
      return node.rooms(question.query);
    case "rooms_of":
      return node.roomsOf(question.user);
    case "stats":
      return node.stats();
    case "execute":
      return node.execute(question.command);
    case "send":
      return node.send(question.delivery);
  }
}

/** As JSON, with the fields of `head` beside it; an event stands by itself, where its bytes are found. */
export function encodeQuestion(question: NodeQuestion, head: Record<string, unknown>): string {
  if (question.what !== "send") return JSON.stringify({ v: WIRE_VERSION, ...head, ...question });
  const { event, ...delivery } = question.delivery;
  return encode({ ...head, what: question.what, delivery, event }, event);
}

/** Out of what another node has sent. Throws an Error that says what is wrong with it. */
export function readQuestion({ what, query, user, command, delivery, event }: Record<string, unknown>): NodeQuestion {
  switch (what) {
    case "connections":
    case "rooms":
      return { what, query: object(query) } as unknown as NodeQuestion;
    case "rooms_of":
      if (typeof user !== "string") throw new Error("it names no user");
      return { what, user };
    case "execute":
      return { what, command: readCommand(object(command)) };
    case "send":
      return { what, delivery: { ...object(delivery) as unknown as Delivery, event: checkEvent(event) } };
  }
  throw new Error(`it asks for ${JSON.stringify(what)}`);
}

function readCommand(command: Record<string, unknown>): NodeCommand {
  if (!COMMANDS.has(command.do)) throw new Error("it is a command of an unknown kind");
  if (command.do === "tell_members" && !Array.isArray(command.rooms)) throw new Error("its rooms are not a list");
  return command as unknown as NodeCommand;
}

function object(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new Error("it asks for nothing");
  return value as Record<string, unknown>;
}
