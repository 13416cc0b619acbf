/**
 * The least time of several runs, in milliseconds: what work costs on a machine that does other
 * things as well. One run would measure those things.
 */
export function leastMs(run: (round: number) => void, rounds = 7): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    run(round);
    least = Math.min(least, performance.now() - start);
  }
  return least;
}
