import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { type Metric, parseMetrics } from './emf.ts';
import { clientOptions, type Deployment } from './settings.ts';

const INTERVAL_MS = 10_000;
// Few enough for one form request.
const METRICS_PER_REQUEST = 100;
// Not signed: both engines only read the name of the service from this header.
const AUTHORIZATION =
  'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0';

/**
 * Publishes the metrics in the functions' logs every 10 s, which CloudWatch does itself on AWS and the engines do not.
 * Returns a function that stops it.
 */
export function startMetrics(deployment: Deployment): () => Promise<void> {
  let sinceMs = Date.now();
  let isStopped = false;
  let isFailing = false;
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> = Promise.resolve();
  const runRound = async (): Promise<void> => {
    try {
      sinceMs = await publishMetrics(deployment, sinceMs);
      isFailing = false;
    } catch (error) {
      // The engine may be restarting. It is reported once, and the next round reads the same log lines again.
      if (!isFailing && !isStopped)
        console.error(`✗ Metrics cannot be published now: ${error instanceof Error ? error.message : error}`);
      isFailing = true;
    }
    if (!isStopped) schedule();
  };
  const schedule = () => {
    timer = setTimeout(() => {
      round = runRound();
    }, INTERVAL_MS);
  };
  schedule();
  return async () => {
    isStopped = true;
    clearTimeout(timer);
    await round;
  };
}

/** Publishes the metrics of log lines since a time, and returns the time from which to go on. */
async function publishMetrics({ endpoint, stage }: Deployment, sinceMs: number): Promise<number> {
  const logs = new CloudWatchLogsClient({ ...clientOptions(endpoint), maxAttempts: 1 });
  const { logGroups = [] } = await logs.send(
    new DescribeLogGroupsCommand({ logGroupNamePrefix: `/aws/lambda/oncebox-${stage}-` }),
  );
  let nextSinceMs = sinceMs;
  const metrics: Metric[] = [];
  for (const { logGroupName } of logGroups) {
    let nextToken: string | undefined;
    do {
      const page = await logs.send(
        new FilterLogEventsCommand({ logGroupName, startTime: sinceMs, nextToken, filterPattern: '_aws' }),
      );
      for (const event of page.events ?? []) {
        metrics.push(...parseMetrics(event.message ?? ''));
        nextSinceMs = Math.max(nextSinceMs, (event.timestamp ?? 0) + 1);
      }
      nextToken = page.nextToken;
    } while (nextToken);
  }
  for (let start = 0; start < metrics.length; start += METRICS_PER_REQUEST)
    await putMetrics(endpoint, metrics.slice(start, start + METRICS_PER_REQUEST));
  return nextSinceMs;
}

async function putMetrics(endpoint: string, metrics: readonly Metric[]): Promise<void> {
  for (const [namespace, group] of Map.groupBy(metrics, (metric) => metric.namespace)) {
    const form = new URLSearchParams({ Action: 'PutMetricData', Version: '2010-08-01', Namespace: namespace });
    for (const [index, metric] of group.entries()) addMetric(form, `MetricData.member.${index + 1}`, metric);
    const response = await fetch(endpoint, { method: 'POST', headers: { authorization: AUTHORIZATION }, body: form });
    if (!response.ok)
      throw new Error(`PutMetricData answered ${response.status}: ${(await response.text()).slice(0, 200)}`);
  }
}

function addMetric(form: URLSearchParams, prefix: string, metric: Metric): void {
  form.set(`${prefix}.MetricName`, metric.name);
  form.set(`${prefix}.Unit`, metric.unit);
  form.set(`${prefix}.Timestamp`, metric.time.toISOString());
  for (const [index, value] of metric.values.entries()) form.set(`${prefix}.Values.member.${index + 1}`, String(value));
  for (const [index, [name, value]] of Object.entries(metric.dimensions).entries()) {
    form.set(`${prefix}.Dimensions.member.${index + 1}.Name`, name);
    form.set(`${prefix}.Dimensions.member.${index + 1}.Value`, value);
  }
}
