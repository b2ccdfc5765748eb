import { parseJson } from '../../tools/json.ts';

export interface LogLine {
  readonly timestampMs: number;
  /** The short name of the function, for example `orders-api`. */
  readonly functionName: string;
  readonly message: string;
}

/** The fields that Powertools adds to every line. They are not shown as fields of the message. */
const COMMON_FIELDS = new Set([
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
const PLATFORM_LINE = /^(START|END|REPORT) RequestId: |^INIT_START /;

/** Formats a line as time, function, level, message and fields. Returns `undefined` for platform lines and metrics. */
export function formatLogLine({ timestampMs, functionName, message }: LogLine): string | undefined {
  const text = message.trimEnd();
  if (text === '' || PLATFORM_LINE.test(text)) return undefined;
  const json = parseObject(text);
  const prefix = `${new Date(timestampMs).toISOString().slice(11, 23)} ${functionName}`;
  if (!json) return `${prefix} ${text}`;
  if ('_aws' in json) return undefined;
  const fields = Object.entries(json)
    .filter(([key]) => !COMMON_FIELDS.has(key))
    .map(([key, value]) => `${key}=${formatValue(value)}`);
  return [prefix, String(json['level'] ?? '-').padEnd(5), String(json['message'] ?? ''), ...fields].join(' ');
}

/** Returns a line for --json: complete, and as an object if it is JSON. */
export const toJsonLine = ({ timestampMs, functionName, message }: LogLine) => ({
  time: new Date(timestampMs).toISOString(),
  function: functionName,
  line: parseObject(message) ?? message.trimEnd(),
});

/** Shows only the name and the message of an error. The stack trace is in the JSON line. */
function formatValue(value: unknown): string {
  if (typeof value === 'string') return /\s/.test(value) ? JSON.stringify(value) : value;
  if (typeof value === 'object' && value !== null && 'name' in value && 'message' in value)
    return JSON.stringify(`${String(value.name)}: ${String(value.message)}`);
  return JSON.stringify(value) ?? '-';
}

const parseObject = (text: string): Record<string, unknown> | undefined =>
  text.startsWith('{') ? (parseJson(text) as Record<string, unknown> | undefined) : undefined;
