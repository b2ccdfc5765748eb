/** One line of a function's log. */
export interface LogLine {
  readonly at: number;
  /** As people call it: `orders-api`. */
  readonly from: string;
  readonly message: string;
}

/** What every line of Powertools carries; the others tell what happened. */
const BOILERPLATE = new Set([
  'timestamp',
  'level',
  'message',
  'service',
  'cold_start',
  'function_name',
  'function_memory_size',
  'function_arn',
  'function_request_id',
  'sampling_rate',
  'xray_trace_id',
]);
const PLATFORM = /^(START|END|REPORT) RequestId: |^INIT_START /;

/** For people: time, function, level, message, and the keys that differ. Nothing for what only machines read. */
export function readable({ at, from, message }: LogLine): string | undefined {
  const text = message.trimEnd();
  if (text === '' || PLATFORM.test(text)) return undefined;
  const json = parsed(text);
  const head = `${new Date(at).toISOString().slice(11, 23)} ${from}`;
  if (!json) return `${head} ${text}`;
  if ('_aws' in json) return undefined;
  const keys = Object.entries(json)
    .filter(([key]) => !BOILERPLATE.has(key))
    .map(([key, value]) => `${key}=${inShort(value)}`);
  return [head, String(json['level'] ?? '-').padEnd(5), String(json['message'] ?? ''), ...keys].join(' ');
}

/** For programs: the line as it was written, JSON as JSON. */
export const rawLine = ({ at, from, message }: LogLine) => ({
  time: new Date(at).toISOString(),
  function: from,
  line: parsed(message) ?? message.trimEnd(),
});

/** An error shows its name and message; where it was thrown stands in the raw line. */
function inShort(value: unknown): string {
  if (typeof value === 'string') return /\s/.test(value) ? JSON.stringify(value) : value;
  if (typeof value === 'object' && value !== null && 'name' in value && 'message' in value)
    return JSON.stringify(`${String(value.name)}: ${String(value.message)}`);
  return JSON.stringify(value) ?? '-';
}

function parsed(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    // a line that only looks like JSON is shown as it is
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
