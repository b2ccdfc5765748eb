import { bar } from '../../tools/progress.ts';

export type Printer = ReturnType<typeof createPrinter>;

/** Writes results to stdout, as text or as JSON, and errors and progress to stderr. */
export function createPrinter(isJson: boolean) {
  const isTerminal = process.stderr.isTTY === true;
  let isProgressShown = false;
  const clearProgress = () => {
    if (isProgressShown) process.stderr.write('\r\u001b[2K');
    isProgressShown = false;
  };
  const write = (text: string) => {
    clearProgress();
    process.stdout.write(`${text}\n`);
  };
  return {
    isJson,
    text: write,
    /** Prints JSON if --json was given, otherwise the text. */
    result: (json: unknown, text: () => string) => write(isJson ? JSON.stringify(json, null, 2) : text()),
    /** Prints one JSON document on one line, or the text, for output without an end. */
    line: (json: unknown, text: () => string) => write(isJson ? JSON.stringify(json) : text()),
    error: (problem: string, remedy: string) => {
      clearProgress();
      process.stderr.write(remedy ? `✗ ${problem}\n  ${remedy}\n` : `✗ ${problem}\n`);
    },
    /** Prints a text beside the result, for a person at the terminal. */
    notice: (text: string) => {
      clearProgress();
      process.stderr.write(`${text}\n`);
    },
    stack: (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    },
    /** Shows the progress of a long operation. Prints nothing if stderr is not a terminal. */
    progress: (label: string, done: number, total?: number) => {
      if (!isTerminal) return;
      clearProgress();
      process.stderr.write(total === undefined ? `${label} ${done}` : `${label} ${bar(done, total)} ${done}/${total}`);
      isProgressShown = true;
    },
    /** Removes the progress line. */
    progressDone: clearProgress,
  };
}

/** Returns `1 event`, `2 events`. */
export const countOf = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Aligns cells in columns. The last column is not padded. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [index, cell] of row.slice(0, -1).entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  return rows.map((row) =>
    row.map((cell, index) => (index < row.length - 1 ? cell.padEnd(widths[index] ?? 0) : cell)).join('  '),
  );
}

/** Formats a table with a heading. Columns of numbers are aligned to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const widths = head.map((title, index) =>
    Math.max(title.length, ...rows.map((row) => String(row[index] ?? '').length)),
  );
  const isNumeric = head.map((_, index) => rows.length > 0 && rows.every((row) => typeof row[index] === 'number'));
  const pad = (cell: string | number, index: number) =>
    isNumeric[index] ? String(cell).padStart(widths[index] ?? 0) : String(cell).padEnd(widths[index] ?? 0);
  return [head, ...rows].map((cells) => cells.map(pad).join('  ').trimEnd()).join('\n');
}
