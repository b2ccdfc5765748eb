import type { SQSEvent } from 'aws-lambda';
import type { Consumer } from '../../lambdas/shared/messaging/consume.ts';
import type { Deadline } from '../../lambdas/shared/messaging/receipt.ts';
import { MAX_RECEIVES } from '../../lambdas/shared/messaging/settle.ts';
import { parseOutboxRecord } from '../../lambdas/shared/outbox/outbox-record.ts';
import { noFaults } from '../../lambdas/shared/runtime/chaos-setting.ts';
import { systemClock } from '../../lambdas/shared/runtime/clock.ts';
import { keyOfWrite, type Store, type Write, WriteRefused } from '../../lambdas/shared/store/store.ts';
import type { TablePorts } from '../../lambdas/shared/store/tables.ts';

/** What a message would do if its queue had it again. */
export interface Effect {
  readonly effect: 'apply' | 'no_effect' | 'wait' | 'fail_again' | 'unknown';
  readonly reason: string;
}

const TIMEOUT_MS = 10_000;

/**
 * The consumer itself, on a table that it can read and not write: so it says what it would do, and nobody has to keep
 * a second copy of its rules.
 */
export async function dryRun<Deps>(
  handler: Consumer<Deps>,
  createDeps: (ports: TablePorts) => (deadline: Deadline) => Deps,
  store: Store,
  body: string,
): Promise<Effect> {
  const written: Write[] = [];
  const buried: string[] = [];
  const putBack: string[] = [];
  const dry = readOnly(store, (writes) => written.push(...writes));
  const run = handler.withRuntime({
    createDeps: createDeps({ store: dry, clock: systemClock }),
    queue: {
      deadLetter: async (_body, { reason }) => void buried.push(reason),
      requeue: async (again) => void putBack.push(again),
      changeVisibility: async () => [],
    },
    clock: systemClock,
    chaos: async () => noFaults,
  });
  const { batchItemFailures } = await run(lastReceiveOf(body), 'rehearsal', TIMEOUT_MS);
  const [reason] = buried;
  if (reason !== undefined) return { effect: 'fail_again', reason: reason };
  if (putBack.length > 0) return { effect: 'wait', reason: 'what it stands on is not there yet' };
  if (batchItemFailures.length > 0) return { effect: 'unknown', reason: 'it could not be tried' };
  if (written.length === 0) return { effect: 'no_effect', reason: 'it is decided already' };
  return { effect: 'apply', reason: describeWrites(written) };
}

/** A failure of this receive is the last one, so that it comes with its reason. */
const lastReceiveOf = (body: string): SQSEvent => ({
  Records: [
    {
      messageId: 'rehearsal',
      receiptHandle: '',
      body,
      attributes: {
        ApproximateReceiveCount: String(MAX_RECEIVES),
        ApproximateFirstReceiveTimestamp: String(Date.now()),
        SentTimestamp: String(Date.now()),
        SenderId: '',
      },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: '',
      awsRegion: '',
    },
  ],
});

/** A step plans on what it has read a moment ago; only what it writes blindly, as a decision, can be there already. */
const readOnly = (store: Store, note: (writes: readonly Write[]) => void): Store => ({
  get: (key) => store.get(key),
  getMany: (keys) => store.getMany(keys),
  query: (query) => store.query(query),
  write: async (writes) => {
    const rows = await store.getMany(writes.map(keyOfWrite));
    const isThere = writes.map(({ when }, at) => when?.type === 'absent' && rows[at] !== undefined);
    if (isThere.includes(true))
      throw new WriteRefused(
        isThere.map((there, at) => (there ? { kind: 'condition', row: rows[at] } : { kind: 'none' })),
      );
    note(writes);
  },
});

function describeWrites(writes: readonly Write[]): string {
  const [records, rows] = [writes.filter(isRecord), writes.filter((write) => !isRecord(write))];
  const stated = records
    .flatMap((write) => (write.op === 'put' ? parseOutboxRecord(write.row) : []))
    .map(({ type }) => type);
  const changed = rows.map((write) => `${keyOfWrite(write).pk} ${keyOfWrite(write).sk}${statusIn(write)}`);
  return [
    ...(changed.length > 0 ? [`writes ${changed.join(', ')}`] : []),
    ...(stated.length > 0 ? [`states ${stated.join(', ')}`] : []),
  ].join('; ');
}

const isRecord = (write: Write): boolean => keyOfWrite(write).sk.startsWith('OUTBOX#');

/** What a decision decides, or where a state goes. */
function statusIn(write: Write): string {
  const fields = write.op === 'put' ? write.row : write.op === 'update' ? write.set : undefined;
  const { decision, state } = (fields ?? {}) as { decision?: string; state?: { status: string } };
  const status = decision ?? state?.status;
  return status === undefined ? '' : ` (${status})`;
}
