import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';

/** JSON lines with the service's name; the correlation id joins as soon as it is known. */
export const logger = new Logger();
export const metrics = new Metrics();

export const count = (metric: string, by = 1): void => {
  if (by > 0) metrics.addMetric(metric, MetricUnit.Count, by);
};

/** Of one consumer by its name; the metric's maximum is what is looked at. */
export function recordMaximum(metric: string, seconds: number, consumer: string): void {
  const one = metrics.singleMetric();
  one.addDimension('consumer', consumer);
  one.addMetric(metric, MetricUnit.Seconds, seconds);
}

/** What one call of the function has used of DynamoDB, as the engine itself reports it. */
const used = { read: 0, write: 0, requests: 0 };

export function countCapacity(
  kind: 'read' | 'write',
  consumed: { CapacityUnits?: number | undefined } | undefined,
): void {
  used[kind] += consumed?.CapacityUnits ?? 0;
  used.requests += 1;
}

/**
 * Around every call: names the request in each line, writes one closing line with what the call took (an engine may
 * hold back the reply of a silent call), and sends the metrics whether or not the call went well.
 */
export function observability<E, R>(): MiddlewareObj<E, R, Error, Context> {
  let started = 0;
  const close = (): void => {
    logger.info('call ended', {
      ms: Math.round(performance.now() - started),
      read_units: used.read,
      write_units: used.write,
      table_requests: used.requests,
    });
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
    logger.resetKeys();
  };
  return {
    before: ({ context }) => {
      started = performance.now();
      Object.assign(used, { read: 0, write: 0, requests: 0 });
      logger.addContext(context);
    },
    after: close,
    onError: ({ error }) => {
      logger.error('call failed', { error });
      close();
    },
  };
}
