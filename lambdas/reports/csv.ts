/**
 * What a spreadsheet takes for the begin of a formula, also the full-width forms of the first four. A line break moves
 * what follows to the begin of a cell in some programs.
 */
const FORMULA_START = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/;
const NEEDS_QUOTES = /[",\r\n]/;

/**
 * Returns the text of a cell. A number stays as it is, also if it is negative. A text that a spreadsheet would take for
 * a formula gets an apostrophe in front, so that it is shown and not evaluated.
 */
export function csvCell(value: string | number | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = FORMULA_START.test(value) ? `'${value}` : value;
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Returns one line with its end, as RFC 4180 describes. */
export const csvLine = (values: readonly (string | number | undefined)[]): string =>
  `${values.map(csvCell).join(',')}\r\n`;
