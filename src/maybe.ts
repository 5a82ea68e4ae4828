/**
 * Code that is synchronous when it can be: with the memory broker a whole command runs in one turn without a promise,
 * with Redis the same lines wait for the network.
 *
 * A handler with several steps is a generator: `const occupancy = yield* wait(presence.enter(room, member))`. `run` drives it,
 * and returns a promise only if one of the steps was one.
 */
export type MaybePromise<T> = T | Promise<T>;

/** The steps of a handler; returned by a generator function, driven by {@link run}. */
export type Steps<T> = Generator<Promise<unknown>, T, unknown>;

export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return value instanceof Promise;
}

/** One step: the value at once if it is there, otherwise when the promise has settled. */
export function* wait<T>(value: MaybePromise<T>): Steps<T> {
  return isPromise(value) ? (yield value) as T : value;
}

/** Runs the steps; the result is a promise only if a step was. Throws, or rejects, with what a step threw. */
export function run<T>(steps: Steps<T>): MaybePromise<T> {
  const step = steps.next();
  return step.done ? step.value : resume(steps, step.value);
}

async function resume<T>(steps: Steps<T>, first: Promise<unknown>): Promise<T> {
  let pending = first;
  for (;;) {
    const step = await pending.then((value) => steps.next(value), (error) => steps.throw(error));
    if (step.done) return step.value;
    pending = step.value;
  }
}

/** `next` with the value: in this turn if it is there, otherwise when it arrives. */
export function after<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** Both values, asked for in one turn: at once if they are there, otherwise when both have arrived. */
export function both<A, B>(one: MaybePromise<A>, other: MaybePromise<B>): MaybePromise<[A, B]> {
  return isPromise(one) || isPromise(other) ? Promise.all([one, other]) : [one, other];
}
