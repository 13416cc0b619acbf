/** Measured numbers: medians, their bars, and the JSON lines that carry them. */

import { appendFile } from "node:fs/promises";
import { expect } from "vitest";

/** What is measured, and what it may be at most or has to be at least. */
export interface Bar {
  readonly figure: string;
  readonly unit: string;
  readonly most?: number;
  readonly least?: number;
}

/** Runs of a measurement; the median counts. */
export const RUNS = 5;

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  const lower = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  return (upper + lower) / 2;
}

/** The value below which `share` of the values are: 0.95 for the 95th percentile. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/**
 * Writes the median of some runs as a JSON line, to the file that the environment's `E2E_FIGURES`
 * names or else to the output; and fails at twice the bar.
 */
export async function report(bar: Bar, values: readonly number[]): Promise<void> {
  const value = Math.round(median(values) * 100) / 100;
  const { figure, unit, most, least } = bar;
  const params = { most, least, runs: values.map((one) => Math.round(one * 100) / 100) };
  const line = `${JSON.stringify({ bench: "web", figure, value, unit, params })}\n`;
  const file = process.env.E2E_FIGURES;
  if (file === undefined) {
    process.stdout.write(line);
  } else {
    await appendFile(file, line);
  }
  if (most !== undefined) {
    expect(value, figure).toBeLessThanOrEqual(most * 2);
  }
  if (least !== undefined) {
    expect(value, figure).toBeGreaterThanOrEqual(least / 2);
  }
}
