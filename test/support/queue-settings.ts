import { RUN_TIMEOUT_S } from '../../lambdas/reports/table.ts';
import { MAX_RECEIVES_BEFORE_REDRIVE } from '../../lambdas/shared/messaging/receive-limit.ts';
import { configOf } from '../../lib/config.ts';
import {
  DEFAULT_TIMEOUT_S,
  MESSAGES_PER_BATCH,
  RELAY_TIMEOUT_S,
  REPORT_RUNS_PER_BATCH,
  TICKS_PER_BATCH,
  VISIBILITY_PER_TIMEOUT,
  WEBHOOK_TIMEOUT_S,
} from '../../lib/limits.ts';
import type { QueueSettings } from './memory-queue.ts';

interface ConsumerSettings extends QueueSettings {
  /** The timeout of the function that consumes the queue. */
  readonly timeoutMs: number;
}

/** What differs from the defaults. */
const exceptions: Readonly<Record<string, { timeoutS?: number; batchSize?: number }>> = {
  'balance-ticks': { batchSize: TICKS_PER_BATCH },
  'outbox-retry': { timeoutS: RELAY_TIMEOUT_S },
  'report-runs': { timeoutS: RUN_TIMEOUT_S, batchSize: REPORT_RUNS_PER_BATCH },
  'webhook-deliveries': { timeoutS: WEBHOOK_TIMEOUT_S },
};

/** Returns the settings of a simulated queue and its consumer. A test compares them with the templates of `prod`. */
export function queueSettingsOf(queue: string): ConsumerSettings {
  const { timeoutS = DEFAULT_TIMEOUT_S, batchSize = MESSAGES_PER_BATCH } = exceptions[queue] ?? {};
  const timeoutMs = timeoutS * 1000;
  const { consumerConcurrency } = configOf('prod');
  return {
    timeoutMs,
    visibilityMs: VISIBILITY_PER_TIMEOUT * timeoutMs,
    maxReceives: MAX_RECEIVES_BEFORE_REDRIVE,
    batchSize,
    maxConcurrency: consumerConcurrency === 'unlimited' ? Number.POSITIVE_INFINITY : consumerConcurrency,
  };
}
