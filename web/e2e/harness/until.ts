/** Waiting with a deadline. */

/** How long something may take that happens at once on a machine at rest, in milliseconds. */
export const PATIENCE_MS = 20_000;
const POLL_MS = 15;

/**
 * Waits until `probe` gives something that is neither `undefined` nor `false`, and gives that.
 *
 * @throws after `patienceMs`, with `what` and what the probe threw last.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const found = await probe();
      if (found !== undefined && found !== false) {
        return found;
      }
      last = undefined;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`waited ${patienceMs} ms in vain for: ${what}`, { cause: last });
}
