export type Metric = {
  namespace: string;
  name: string;
  unit: string;
  time: Date;
  values: number[];
  dimensions: Record<string, string>;
};

type Line = Record<string, unknown> & {
  _aws?: {
    Timestamp?: number;
    CloudWatchMetrics?: { Namespace?: string; Dimensions?: string[][]; Metrics?: { Name?: string; Unit?: string }[] }[];
  };
};

/** The metrics that one log line states in CloudWatch's embedded metric format; none for every other line. */
export function parseMetrics(message: string): Metric[] {
  const line = parse(message);
  const found: Metric[] = [];
  for (const { Namespace = 'oncebox', Dimensions = [], Metrics = [] } of line?._aws?.CloudWatchMetrics ?? []) {
    for (const { Name = '', Unit = 'None' } of Metrics) {
      const values = numbers(line?.[Name]);
      if (values.length === 0) continue;
      // One metric for each set of dimensions, as CloudWatch makes it; no set at all is one without any.
      for (const names of Dimensions.length > 0 ? Dimensions : [[]]) {
        const dimensions = Object.fromEntries(names.map((name) => [name, String(line?.[name] ?? '')]));
        const time = new Date(line?._aws?.Timestamp ?? Date.now());
        found.push({ namespace: Namespace, name: Name, unit: Unit, time, values, dimensions });
      }
    }
  }
  return found;
}

function parse(message: string): Line | undefined {
  const start = message.indexOf('{');
  if (start < 0 || !message.includes('"_aws"')) return undefined;
  try {
    return JSON.parse(message.slice(start)) as Line;
  } catch (error) {
    // A line of somebody else's that only mentions the word.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function numbers(value: unknown): number[] {
  return (Array.isArray(value) ? value : [value]).filter((one): one is number => typeof one === 'number');
}
