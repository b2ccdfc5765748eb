/** Where a command's results go: people read text and tables, programs JSON. Progress and troubles go to stderr. */
export interface Print {
  readonly isJson: boolean;
  text(text: string): void;
  /** JSON where it was asked for, the text otherwise. */
  result(json: unknown, text: () => string): void;
  /** One object a line, for what never ends. */
  line(json: unknown, text: () => string): void;
  error(problem: string, wayOut: string): void;
  stack(error: unknown): void;
  /** Shows how far a long work is; nothing where nobody watches. */
  progress(what: string, done: number, of?: number): void;
  /** Takes the progress away. */
  progressDone(): void;
}

const BAR = 24;

export function createPrinter(isJson: boolean): Print {
  const watched = process.stderr.isTTY === true;
  let shown = false;
  const clear = () => {
    if (shown) process.stderr.write('\r\u001b[2K');
    shown = false;
  };
  const out = (text: string) => {
    clear();
    process.stdout.write(`${text}\n`);
  };
  return {
    isJson,
    text: out,
    result: (json, text) => out(isJson ? JSON.stringify(json, null, 2) : text()),
    line: (json, text) => out(isJson ? JSON.stringify(json) : text()),
    error: (problem, wayOut) => {
      clear();
      process.stderr.write(wayOut ? `✗ ${problem}\n  ${wayOut}\n` : `✗ ${problem}\n`);
    },
    stack: (error) => {
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    },
    progress: (what, done, of) => {
      if (!watched) return;
      clear();
      process.stderr.write(of === undefined ? `${what} ${done}` : `${what} ${bar(done, of)} ${done}/${of}`);
      shown = true;
    },
    progressDone: clear,
  };
}

/** In place of what was there before, where a person looks on; below it where it goes into a file. */
export const onClearedScreen = (text: string): string =>
  `${process.stdout.isTTY === true ? '\u001b[H\u001b[2J' : ''}${text}\n`;

export function bar(done: number, of: number): string {
  const full = of === 0 ? BAR : Math.min(BAR, Math.round((done / of) * BAR));
  return `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}]`;
}

/** Lines with their cells below each other; the last column may be as long as it likes. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [at, cell] of row.slice(0, -1).entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  return rows.map((row) =>
    row.map((cell, at) => (at < row.length - 1 ? cell.padEnd(widths[at] ?? 0) : cell)).join('  '),
  );
}

/** A table with its head; columns of numbers stand to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => String(row[at] ?? '').length)));
  const isNumeric = head.map((_, at) => rows.length > 0 && rows.every((row) => typeof row[at] === 'number'));
  const line = (cells: readonly (string | number)[]) =>
    cells
      .map((cell, at) =>
        isNumeric[at] ? String(cell).padStart(widths[at] ?? 0) : String(cell).padEnd(widths[at] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(head), ...rows.map(line)].join('\n');
}
