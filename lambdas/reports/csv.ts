/**
 * The places of a text at which a spreadsheet could see the start of a formula: `=`, `+`, `-`, `@` or one of their
 * full-width forms. Each place is at the start of the text, or behind a character that separates cells or lines in some
 * program. In most of Europe that is a semicolon, and such a program ignores that the whole text is quoted. Programs
 * that trim cells skip spaces and quotes before a formula. A text that starts with a control character gets an
 * apostrophe, too, because programs move what follows to the start of a cell.
 */
const FORMULA_PLACES = /(?<=^|[;,\t\r\n\0])(?=[ "\0]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])|^(?=[\t\r\n\0])/g;
const NEEDS_QUOTES = /[",;\t\r\n\0]/;

/**
 * Returns the text of a cell. A number stays as it is, also if it is negative. A text gets an apostrophe wherever a
 * spreadsheet would take what follows for a formula, so that it is shown and not evaluated.
 */
export function csvCell(value: string | number | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = value.replaceAll(FORMULA_PLACES, "'");
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Returns one line with its end, as RFC 4180 describes. */
export const csvLine = (values: readonly (string | number | undefined)[]): string =>
  `${values.map(csvCell).join(',')}\r\n`;
