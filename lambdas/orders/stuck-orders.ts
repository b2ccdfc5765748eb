import { publishOnce } from '../shared/outbox/answer-nudge.ts';
import { expiresAt, parseOutboxRecord } from '../shared/outbox/outbox-record.ts';
import { count, logger } from '../shared/runtime/observability.ts';
import { commit, type UnitOfWork } from '../shared/store/commit.ts';
import type { Key, Row } from '../shared/store/store.ts';
import { isWaitingFor } from './order.ts';
import { parseOrder } from './order-row.ts';
import { canBeMarkedDone, isStuckForLong, type MinuteToSweep, minutesToSweep, shardsOf } from './sweep-schedule.ts';
import { publishedByMinute } from './table.ts';

const PAGE_SIZE = 100;

/**
 * Finds the orders that still wait for the outcome of an event they published, and publishes that event again as a
 * nudge. Each step that has already decided publishes its answer again, so it does not matter which event of the
 * order's history was lost. Returns the number of waiting orders, and how many of them have waited for long.
 */
export async function nudgeStuckOrders(work: UnitOfWork, now: number, limitMinutes: number) {
  const candidates = minutesToSweep(now, limitMinutes);
  // The orders of a minute that is marked as done have ended, so they are not read again.
  const doneRows = await work.store.getMany(candidates.map(minuteDoneKey));
  const minutes = candidates.filter((_, index) => !doneRows[index]);
  // The minutes are swept independently: a failure in one does not keep the orders of the others from being nudged.
  const swept = await settleAll(
    minutes.map(async (minute) => ({ minute, stuck: await sweepMinute(work, minute, now) })),
  );
  const stuck = sum(swept.map((result) => result.stuck));
  const stuckForLong = sum(swept.filter(({ minute }) => isStuckForLong(minute)).map((result) => result.stuck));
  logger.info('sweep finished', { stuck, stuck_for_long: stuckForLong });
  return { stuck, stuckForLong };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Waits until all promises are settled. Then it returns their results, or throws the first failure. */
async function settleAll<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

const minuteDoneKey = ({ minute }: MinuteToSweep): Key => ({ pk: `MINUTE#${minute}`, sk: 'DONE' });

/** Nudges the waiting orders of a minute and returns their number. Without any, the minute is marked as done. */
async function sweepMinute(work: UnitOfWork, minute: MinuteToSweep, now: number): Promise<number> {
  const stuck = sum(await settleAll(shardsOf(minute).map((shard) => sweepShard(work, shard, now))));
  count('StuckOrders', stuck);
  if (isStuckForLong(minute)) count('OrdersStuckForLong', stuck);
  if (stuck === 0 && canBeMarkedDone(minute)) await markDone(work, minute, now);
  return stuck;
}

const markDone = (work: UnitOfWork, minute: MinuteToSweep, now: number): Promise<void> =>
  commit(work, async () => ({
    writes: [{ op: 'put', row: { ...minuteDoneKey(minute), expires_at: expiresAt(now) } }],
    result: undefined,
  }));

async function sweepShard(work: UnitOfWork, shard: string, now: number): Promise<number> {
  const query = { partition: shard, index: publishedByMinute, newestFirst: true, limit: PAGE_SIZE };
  let stuck = 0;
  for (let below: string | undefined, hasMore = true; hasMore; ) {
    const recordKeys = await work.store.query({ ...query, below });
    stuck += await nudgeWaiting(work, recordKeys, now);
    below = recordKeys.at(-1)?.sk;
    hasMore = recordKeys.length === PAGE_SIZE;
  }
  return stuck;
}

/**
 * Nudges the orders of these outbox records that still wait, and returns how many do. An order whose row cannot be
 * parsed is counted too, because it may wait as well, but it is not nudged.
 */
async function nudgeWaiting(work: UnitOfWork, recordKeys: readonly Key[], now: number): Promise<number> {
  if (recordKeys.length === 0) return 0;
  // Each order is judged by its own row, so it does not matter that the rows are of different moments.
  const orderRows = await work.store.getMany(recordKeys.map(({ pk }) => ({ pk, sk: 'STATE' })));
  const progress = recordKeys.map((key, index) => progressOf(orderRows[index], key));
  const waitingKeys = recordKeys.filter((_, index) => progress[index] === 'waiting');
  const records = waitingKeys.length > 0 ? await work.store.getMany(waitingKeys) : [];
  await settleAll(records.flatMap((record) => (record ? [nudge(work, record, now)] : [])));
  return progress.filter((state) => state !== 'ended').length;
}

/** Returns whether an order waits for the outcome of the event in an outbox record. The event's type is in its key. */
function progressOf(orderRow: Row | undefined, { sk }: Key): 'waiting' | 'ended' | 'unreadable' {
  if (!orderRow) return 'ended';
  const type = sk.split(/[#:]/)[1] ?? '';
  try {
    return isWaitingFor(parseOrder(orderRow).order, type) ? 'waiting' : 'ended';
  } catch (error) {
    logger.error('order row not readable', { aggregate: orderRow.pk, error: error as Error });
    count('NudgesFailed');
    return 'unreadable';
  }
}

/** Publishes the events of an outbox record again as a nudge, once per sweep: a repeated sweep uses the same name. */
async function nudge(work: UnitOfWork, record: Row, now: number): Promise<void> {
  const name = `sweep-${new Date(now).toISOString().slice(0, 16)}`;
  const events = parseOutboxRecord(record).map((event) => ({ ...event, nudge: name }));
  logger.warn('order is stuck', { aggregate: record.pk, event_types: events.map(({ type }) => type) });
  try {
    const { existing } = await publishOnce(work, () => ({ aggregate: record.pk, events }));
    if (existing) count('Duplicates');
  } catch (error) {
    // The other orders are nudged all the same. This one is found again at the next sweep of its minute.
    logger.error('stuck order not nudged', { aggregate: record.pk, error: error as Error });
    count('NudgesFailed');
  }
}
