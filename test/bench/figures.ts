/** Returns the value below which the given share of the samples lies. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const median = (samples: readonly number[]): number => percentile(samples, 0.5);

export interface Row {
  readonly what: string;
  readonly figure: string;
}

export const ms = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
export const kb = (bytes: number): string => `${(bytes / 1024).toFixed(0)} KB`;

/** Formats the rows as the Markdown table of docs/benchmarks.md. */
export const table = (rows: readonly Row[]): string =>
  ['| what | figure |', '| --- | --- |', ...rows.map(({ what, figure }) => `| ${what} | ${figure} |`)].join('\n');
