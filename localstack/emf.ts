import { parseJson } from '../tools/json.ts';

export type Metric = {
  namespace: string;
  name: string;
  unit: string;
  time: Date;
  values: number[];
  dimensions: Record<string, string>;
};

type LogLine = Record<string, unknown> & {
  _aws?: {
    Timestamp?: number;
    CloudWatchMetrics?: { Namespace?: string; Dimensions?: string[][]; Metrics?: { Name?: string; Unit?: string }[] }[];
  };
};

/** Returns the metrics of a log line in CloudWatch's embedded metric format, and none for any other line. */
export function parseMetrics(message: string): Metric[] {
  const line = parseLine(message);
  const metrics: Metric[] = [];
  for (const { Namespace = 'oncebox', Dimensions = [], Metrics = [] } of line?._aws?.CloudWatchMetrics ?? []) {
    for (const { Name = '', Unit = 'None' } of Metrics) {
      const values = [line?.[Name]].flat().filter((value) => typeof value === 'number');
      if (values.length === 0) continue;
      // As in CloudWatch: one metric for each set of dimensions, and one without dimensions if there is no set.
      for (const names of Dimensions.length > 0 ? Dimensions : [[]]) {
        const dimensions = Object.fromEntries(names.map((name) => [name, String(line?.[name] ?? '')]));
        const time = new Date(line?._aws?.Timestamp ?? Date.now());
        metrics.push({ namespace: Namespace, name: Name, unit: Unit, time, values, dimensions });
      }
    }
  }
  return metrics;
}

function parseLine(message: string): LogLine | undefined {
  const start = message.indexOf('{');
  if (start < 0 || !message.includes('"_aws"')) return undefined;
  // Another kind of line may contain the word too.
  return parseJson(message.slice(start)) as LogLine | undefined;
}
