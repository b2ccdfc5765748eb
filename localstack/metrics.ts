import { setTimeout as sleep } from 'node:timers/promises';
import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs';
import { type Metric, parseMetrics } from './emf.ts';
import { authorizationFor, clientOptions, type Deployment } from './settings.ts';

const INTERVAL_MS = 10_000;
// Few enough for one form request.
const METRICS_PER_REQUEST = 100;

/**
 * Publishes the metrics in the functions' logs every 10 s, which CloudWatch does itself on AWS and the engines do not.
 * Returns a function that stops it.
 */
export function startMetrics(deployment: Deployment): () => Promise<void> {
  const stopping = new AbortController();
  const running = publishUntil(stopping.signal, deployment);
  return async () => {
    stopping.abort();
    await running;
  };
}

async function publishUntil(signal: AbortSignal, deployment: Deployment): Promise<void> {
  let sinceMs = Date.now();
  let isFailing = false;
  for (;;) {
    await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      sinceMs = await publishMetrics(deployment, sinceMs);
      isFailing = false;
    } catch (error) {
      // The engine may be restarting. It is reported once, and the next round reads the same log lines again.
      if (!isFailing && !signal.aborted)
        console.error(`✗ Metrics cannot be published now: ${error instanceof Error ? error.message : error}`);
      isFailing = true;
    }
  }
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
    const input = { logGroupName, startTime: sinceMs, filterPattern: '_aws' };
    for await (const { events = [] } of paginateFilterLogEvents({ client: logs }, input)) {
      for (const { message = '', timestamp = 0 } of events) {
        metrics.push(...parseMetrics(message));
        nextSinceMs = Math.max(nextSinceMs, timestamp + 1);
      }
    }
  }
  for (let start = 0; start < metrics.length; start += METRICS_PER_REQUEST)
    await putMetrics(endpoint, metrics.slice(start, start + METRICS_PER_REQUEST));
  return nextSinceMs;
}

async function putMetrics(endpoint: string, metrics: readonly Metric[]): Promise<void> {
  for (const [namespace, group] of Map.groupBy(metrics, (metric) => metric.namespace)) {
    const form = new URLSearchParams({ Action: 'PutMetricData', Version: '2010-08-01', Namespace: namespace });
    for (const [index, metric] of group.entries()) addMetric(form, `MetricData.member.${index + 1}`, metric);
    const headers = { authorization: authorizationFor('monitoring') };
    const response = await fetch(endpoint, { method: 'POST', headers, body: form });
    if (!response.ok)
      throw new Error(`PutMetricData returned ${response.status}: ${(await response.text()).slice(0, 200)}`);
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
