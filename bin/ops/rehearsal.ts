import type { SQSEvent } from 'aws-lambda';
import { calm } from '../../lambdas/shared/chaos-setting.ts';
import { systemClock } from '../../lambdas/shared/clock.ts';
import type { Unit } from '../../lambdas/shared/commit.ts';
import type { Consumer } from '../../lambdas/shared/consume.ts';
import { MAX_RECEIVES } from '../../lambdas/shared/deliver.ts';
import { eventsIn } from '../../lambdas/shared/outbox.ts';
import { keyOf, Refused, type Store, type Write } from '../../lambdas/shared/store.ts';

/** What a message would do if its queue had it again. */
export interface Effect {
  readonly would: 'apply' | 'no effect' | 'wait' | 'fail again' | 'unknown';
  readonly because: string;
}

const TIMEOUT_MS = 10_000;

/**
 * The consumer itself, on a table that it can read and not write: so it says what it would do, and nobody has to keep
 * a second copy of its rules.
 */
export async function rehearse<Deps>(
  handler: Consumer<Deps>,
  deps: (unit: Unit) => Deps,
  store: Store,
  body: string,
): Promise<Effect> {
  const written: Write[] = [];
  const buried: string[] = [];
  const putBack: string[] = [];
  const dry = readOnly(store, (writes) => written.push(...writes));
  const run = handler.with({
    deps: ({ deadline }) => deps({ store: dry, clock: systemClock, deadline }),
    queue: {
      bury: async (_body, { reason }) => void buried.push(reason),
      putBack: async (again) => void putBack.push(again),
      delay: async () => [],
    },
    clock: systemClock,
    chaos: async () => calm,
  });
  const { batchItemFailures } = await run(lastReceiveOf(body), 'rehearsal', TIMEOUT_MS);
  const [reason] = buried;
  if (reason !== undefined) return { would: 'fail again', because: reason };
  if (putBack.length > 0) return { would: 'wait', because: 'what it stands on is not there yet' };
  if (batchItemFailures.length > 0) return { would: 'unknown', because: 'it could not be tried' };
  if (written.length === 0) return { would: 'no effect', because: 'it is decided already' };
  return { would: 'apply', because: inWords(written) };
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
    const rows = await store.getMany(writes.map(keyOf));
    const isThere = writes.map(({ when }, at) => when?.is === 'absent' && rows[at] !== undefined);
    if (isThere.includes(true))
      throw new Refused(isThere.map((there, at) => (there ? { why: 'condition', row: rows[at] } : { why: 'none' })));
    note(writes);
  },
});

function inWords(writes: readonly Write[]): string {
  const [records, rows] = [writes.filter(isRecord), writes.filter((write) => !isRecord(write))];
  const stated = records.flatMap((write) => (write.op === 'put' ? eventsIn(write.item) : [])).map(({ type }) => type);
  const changed = rows.map((write) => `${keyOf(write).pk} ${keyOf(write).sk}${statusIn(write)}`);
  return [
    ...(changed.length > 0 ? [`writes ${changed.join(', ')}`] : []),
    ...(stated.length > 0 ? [`states ${stated.join(', ')}`] : []),
  ].join('; ');
}

const isRecord = (write: Write): boolean => keyOf(write).sk.startsWith('OUTBOX#');

/** What a decision decides, or where a state goes. */
function statusIn(write: Write): string {
  const fields = write.op === 'put' ? write.item : write.op === 'update' ? write.set : undefined;
  const { decided, state } = (fields ?? {}) as { decided?: string; state?: { status: string } };
  const status = decided ?? state?.status;
  return status === undefined ? '' : ` (${status})`;
}
