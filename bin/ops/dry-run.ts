import type { SQSEvent } from 'aws-lambda';
import type { Consumer } from '../../lambdas/shared/messaging/consume.ts';
import type { QueuePort } from '../../lambdas/shared/messaging/queue.ts';
import { MAX_FAILURES } from '../../lambdas/shared/messaging/settle.ts';
import { parseOutboxRecord } from '../../lambdas/shared/outbox/outbox-record.ts';
import { noFaults } from '../../lambdas/shared/runtime/chaos-setting.ts';
import type { Deadline } from '../../lambdas/shared/runtime/clock.ts';
import { systemClock } from '../../lambdas/shared/runtime/clock.ts';
import { keyOfWrite, type Store, type Write, WriteRefused } from '../../lambdas/shared/store/store.ts';
import type { TablePorts } from '../../lambdas/shared/store/tables.ts';

/** What a message would do if it were sent to its queue again, and why. */
export interface Effect {
  readonly effect: 'apply' | 'no_effect' | 'wait' | 'fail_again' | 'unknown';
  readonly reason: string;
}

const TIMEOUT_MS = 10_000;

/** Runs the consumer itself on a table that it can only read, so the CLI needs no copy of the consumer's rules. */
export async function dryRun<Deps>(
  consumer: Consumer<Deps>,
  createDeps: (ports: TablePorts) => (deadline: Deadline) => Deps,
  store: Store,
  body: string,
): Promise<Effect> {
  const writes: Write[] = [];
  const deadLetterReasons: string[] = [];
  const requeued: string[] = [];
  const queue: QueuePort = {
    deadLetter: async (_body, { reason }) => void deadLetterReasons.push(reason),
    requeue: async (message) => void requeued.push(message.body),
    changeVisibility: async () => [],
    withDeadline: () => queue,
  };
  const run = consumer.withRuntime({
    createDeps: createDeps({ store: captureWrites(store, writes), clock: systemClock }),
    queue,
    clock: systemClock,
    chaos: async () => noFaults,
  });
  const { batchItemFailures } = await run(createLastReceive(body), 'dry-run', TIMEOUT_MS);
  const [reason] = deadLetterReasons;
  if (reason !== undefined) return { effect: 'fail_again', reason };
  if (requeued.length > 0)
    return { effect: 'wait', reason: 'it would be requeued: a prerequisite is missing, or the table is busy' };
  if (batchItemFailures.length > 0) return { effect: 'unknown', reason: 'the dry run was not completed' };
  if (writes.length === 0) return { effect: 'no_effect', reason: 'the step is already decided' };
  return { effect: 'apply', reason: describeWrites(writes) };
}

/** Creates the last receive of a message. If it fails, the consumer dead-letters it at once and gives the reason. */
const createLastReceive = (body: string): SQSEvent => ({
  Records: [
    {
      messageId: 'dry-run',
      receiptHandle: '',
      body,
      attributes: {
        ApproximateReceiveCount: '1',
        ApproximateFirstReceiveTimestamp: String(Date.now()),
        SentTimestamp: String(Date.now()),
        SenderId: '',
      },
      messageAttributes: { failures: { dataType: 'String', stringValue: String(MAX_FAILURES - 1) } },
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: '',
      awsRegion: '',
    },
  ],
});

/**
 * Wraps a store so that writes are collected instead of executed. Version conditions are not checked, because a step
 * has just read these rows. A decision row may be written without a read, so `absent` conditions are checked.
 */
const captureWrites = (store: Store, captured: Write[]): Store => ({
  withDeadline: (deadlineMs) => captureWrites(store.withDeadline(deadlineMs), captured),
  get: (key) => store.get(key),
  getMany: (keys) => store.getMany(keys),
  query: (query) => store.query(query),
  write: async (writes) => {
    const rows = await store.getMany(writes.map(keyOfWrite));
    const conflicts = writes.map(({ when }, index) => (when?.type === 'absent' ? rows[index] : undefined));
    if (conflicts.some((row) => row !== undefined))
      throw new WriteRefused(conflicts.map((row) => (row ? { kind: 'condition', row } : { kind: 'none' })));
    captured.push(...writes);
  },
});

function describeWrites(writes: readonly Write[]): string {
  const events = writes.flatMap((write) =>
    isOutboxRecord(write) && write.op === 'put' ? parseOutboxRecord(write.row).map(({ type }) => type) : [],
  );
  const rows = writes
    .filter((write) => !isOutboxRecord(write))
    .map((write) => `${keyOfWrite(write).pk} ${keyOfWrite(write).sk}${describeStatus(write)}`);
  return [
    ...(rows.length > 0 ? [`writes ${rows.join(', ')}`] : []),
    ...(events.length > 0 ? [`publishes ${events.join(', ')}`] : []),
  ].join('; ');
}

const isOutboxRecord = (write: Write): boolean => keyOfWrite(write).sk.startsWith('OUTBOX#');

/** Returns the decision or the new status in the written row, in parentheses. */
function describeStatus(write: Write): string {
  const fields = write.op === 'put' ? write.row : write.op === 'update' ? write.set : undefined;
  const { decision, state } = (fields ?? {}) as { decision?: string; state?: { status: string } };
  const status = decision ?? state?.status;
  return status === undefined ? '' : ` (${status})`;
}
