/**
 * What a log line shows of an error. Other properties of an error may hold rows or messages, and so personal data: the
 * SDK adds the rows that have failed their conditions, for example.
 */
const ERROR_FIELDS = ['name', 'location', 'message', 'code', 'stack', 'cause', '$metadata'] as const;

/** The part of a message of `JSON.parse` that quotes the text around the error. */
const QUOTED_SOURCE = /, (?:\.{3})?".*"(?:\.{3})? is not valid JSON/s;

/** Removes from a log line what may contain personal data. The logger calls it for each value, as a JSON replacer. */
export function withoutPersonalData(key: string, value: unknown): unknown {
  if (typeof value === 'string') return value.replace(QUOTED_SOURCE, ' is not valid JSON');
  const isError = value instanceof Error || key === 'error' || key === 'cause';
  if (!isError || typeof value !== 'object' || value === null) return value;
  const fields = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(ERROR_FIELDS.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]])));
}
