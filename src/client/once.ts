/** The same, but of many calls only the first does anything: what is held once can be let go once. */
export function once(run: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    run();
  };
}
