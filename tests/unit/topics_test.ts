/** The topic registry: who is subscribed to what, also while a topic is walked. */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Topics } from "../../src/adapters/topics.ts";

interface Named {
  name: string;
}

const [a, b, c]: Named[] = [{ name: "a" }, { name: "b" }, { name: "c" }];

function topicsOf(subscriptions: [Named, string][]): Topics<Named> {
  const topics = new Topics<Named>();
  for (const [subscriber, topic] of subscriptions) topics.subscribe(subscriber, topic);
  return topics;
}

function names(topics: Topics<Named>, topic: string): string {
  return [...topics.subscribers(topic)].map(({ name }) => name).join("");
}

test("topics: subscribers are those that subscribed, in that order", () => {
  const topics = topicsOf([[b, "t"], [a, "t"], [c, "other"]]);
  assertEquals([names(topics, "t"), names(topics, "other"), names(topics, "nobody's")], ["ba", "c", ""]);
});

test("topics: subscribing twice counts once, and one unsubscribe ends it", () => {
  const topics = topicsOf([[a, "t"], [a, "t"]]);
  assertEquals(names(topics, "t"), "a");
  topics.unsubscribe(a, "t");
  assertEquals(names(topics, "t"), "");
});

test("topics: unsubscribing from what one is not in is no fault", () => {
  const topics = topicsOf([[a, "t"], [b, "other"]]);
  topics.unsubscribe(a, "other");
  topics.unsubscribe(c, "t");
  topics.unsubscribe(a, "nobody's");
  assertEquals([names(topics, "t"), names(topics, "other")], ["a", "b"]);
});

test("topics: leaving ends all subscriptions, and only one's own", () => {
  const topics = topicsOf([[a, "1"], [a, "2"], [b, "2"], [a, "3"]]);
  topics.unsubscribe(a, "3");
  topics.leave(a);
  topics.leave(a);
  assertEquals([names(topics, "1"), names(topics, "2"), names(topics, "3")], ["", "b", ""]);
});

test("topics: who left may come back", () => {
  const topics = topicsOf([[a, "t"]]);
  topics.leave(a);
  topics.subscribe(a, "t");
  assertEquals(names(topics, "t"), "a");
  topics.leave(a);
  assertEquals(names(topics, "t"), "");
});

test("topics: a topic without subscribers takes no room", () => {
  const topics = topicsOf([[a, "1"], [a, "2"], [b, "2"], [b, "3"]]);
  assertEquals(topics.size, 3);
  topics.leave(a);
  topics.unsubscribe(b, "3");
  assertEquals(topics.size, 1);
  topics.leave(b);
  assertEquals(topics.size, 0);
});

test("topics: who leaves during a walk is not visited any more, and everybody else is", () => {
  const topics = topicsOf([[a, "t"], [b, "t"], [c, "t"]]);
  const visited: string[] = [];
  for (const { name } of topics.subscribers("t")) {
    visited.push(name);
    if (name === "a") topics.leave(a);
    if (name === "a") topics.unsubscribe(b, "t");
  }
  assertEquals(visited, ["a", "c"]);
  assertEquals(names(topics, "t"), "c");
});

test("topics: names are not looked up on any prototype", () => {
  const topics = topicsOf([[a, "__proto__"], [a, "constructor"]]);
  assertEquals([names(topics, "__proto__"), names(topics, "toString")], ["a", ""]);
});
