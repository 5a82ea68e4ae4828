/** A busy room's way out: nothing waits in a quiet room, everything keeps its order. */
import { assertEquals } from "@std/assert";
import { mock, test } from "node:test";
import { Coalescer } from "../../src/hub/coalescer.ts";

function outlet(): { sent: string[]; publish(topic: string, frame: string | Uint8Array): void } {
  const sent: string[] = [];
  return { sent, publish: (topic, frame) => void sent.push(`${topic} ${frame}`) };
}

test("the first frame goes at once, those that follow closely go together at the end of the window", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const out = outlet();
    const coalescer = new Coalescer(out, 4);
    coalescer.publish("a", "1");
    assertEquals(out.sent, ["a 1"]);
    coalescer.publish("a", "2");
    coalescer.publish("b", "3");
    mock.timers.tick(3);
    assertEquals(out.sent, ["a 1"]);
    mock.timers.tick(1);
    assertEquals(out.sent, ["a 1", "a 2", "b 3"]);
    coalescer.publish("a", "4");
    assertEquals(out.sent.length, 3);
    mock.timers.tick(4);
    assertEquals(out.sent.at(-1), "a 4");
    mock.timers.tick(4);
    coalescer.publish("a", "5");
    assertEquals(out.sent.at(-1), "a 5");
  } finally {
    mock.timers.reset();
  }
});

test("a flush lets nothing wait, and leaves nothing to be sent twice", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const out = outlet();
    const coalescer = new Coalescer(out, 4);
    for (const frame of ["1", "2", "3"]) coalescer.publish("a", frame);
    coalescer.flush();
    assertEquals(out.sent, ["a 1", "a 2", "a 3"]);
    mock.timers.tick(10);
    assertEquals(out.sent.length, 3);
  } finally {
    mock.timers.reset();
  }
});

test("what waits is bounded, so that no healthy reader is taken for a slow one", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const out = outlet();
    const coalescer = new Coalescer(out, 4);
    for (let n = 0; n < 4; n++) coalescer.publish("a", "x".repeat(30_000));
    assertEquals(out.sent.length, 4);
    coalescer.publish("a", "last");
    assertEquals(out.sent.length, 4);
    mock.timers.tick(4);
    assertEquals(out.sent.length, 5);
  } finally {
    mock.timers.reset();
  }
});
