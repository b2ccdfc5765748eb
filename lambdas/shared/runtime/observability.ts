import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';
import { withoutPersonalData } from './log-format.ts';
import { type CountMetric, METRICS_NAMESPACE, type SecondsMetric } from './metric-registry.ts';

/**
 * Writes JSON lines with the name of the service. Handlers add the correlation id as soon as they know it. They log
 * ids, never rows, events or documents.
 */
export const logger = new Logger({ jsonReplacerFn: withoutPersonalData });
/** Each metric has its stage as a dimension, because the stages of an account share the namespace. */
export const metrics = new Metrics({
  namespace: METRICS_NAMESPACE,
  // Functions always have a stage. Tests and the operator's commands do not, and publish no metrics.
  defaultDimensions: { stage: process.env['STAGE'] ?? 'none' },
});

export const count = (metric: CountMetric, by = 1): void => {
  if (by > 0) metrics.addMetric(metric, MetricUnit.Count, by);
};

/** Records a duration, of one consumer if the metric is per consumer. Alarms use the maximum of the metric. */
export function recordMaximum(metric: SecondsMetric, seconds: number, consumer?: string): void {
  if (consumer === undefined) return void metrics.addMetric(metric, MetricUnit.Seconds, seconds);
  const metricOfConsumer = metrics.singleMetric();
  metricOfConsumer.addDimension('consumer', consumer);
  metricOfConsumer.addMetric(metric, MetricUnit.Seconds, seconds);
}

/** The DynamoDB capacity that the current invocation has consumed, as DynamoDB reports it. */
const consumed = { read: 0, write: 0, requests: 0 };

export function countCapacity(kind: 'read' | 'write', capacity?: { CapacityUnits?: number | undefined }): void {
  consumed[kind] += capacity?.CapacityUnits ?? 0;
  consumed.requests += 1;
}

/**
 * Creates the middleware of every handler. It adds the request to each log line, writes a last line with duration and
 * consumed capacity, and publishes metrics even if the handler fails. The last line also keeps an engine from delaying
 * the response of an invocation that logs nothing.
 */
export function observability<E, R>(): MiddlewareObj<E, R, Error, Context> {
  let startedMs = 0;
  const close = (): void => {
    logger.info('call ended', {
      ms: Math.round(performance.now() - startedMs),
      read_units: consumed.read,
      write_units: consumed.write,
      table_requests: consumed.requests,
    });
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
    logger.resetKeys();
  };
  return {
    before: ({ context }) => {
      startedMs = performance.now();
      Object.assign(consumed, { read: 0, write: 0, requests: 0 });
      logger.addContext(context);
    },
    after: close,
    onError: ({ error }) => {
      logger.error('call failed', { error });
      close();
    },
  };
}
