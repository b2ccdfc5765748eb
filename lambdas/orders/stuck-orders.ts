import { publishOnce } from '../shared/outbox/answer-nudge.ts';
import { expiresAt, parseOutboxRecord } from '../shared/outbox/outbox-record.ts';
import { count, logger } from '../shared/runtime/observability.ts';
import { commit, type UnitOfWork } from '../shared/store/commit.ts';
import type { Key, Row } from '../shared/store/store.ts';
import { isWaitingFor } from './order.ts';
import { parseOrder } from './order-row.ts';
import { canBeMarkedDone, isStuckForLong, type MinuteToSweep, minutesToSweep, shardsOf } from './sweep-schedule.ts';
import { publishedByMinute } from './table.ts';

const PAGE = 100;

/** How many orders were found waiting, and how many of them wait for long. */
export interface SweepResult {
  readonly stuck: number;
  readonly stuckForLong: number;
}

/**
 * Finds the orders that still wait for what they stated a limit ago, and states it again as a nudge named by this
 * sweep: whichever event of an order's history was lost, each step behind it answers again from what it decided.
 */
export async function nudgeStuckOrders(unit: UnitOfWork, now: number, limitMinutes: number): Promise<SweepResult> {
  const looks = await openMinutes(unit, minutesToSweep(now, limitMinutes));
  // each minute by itself: what goes wrong with one must not keep the others from being asked after
  const found = await settleAll(looks.map(async (look) => ({ look, stuck: await sweepMinute(unit, look, now) })));
  const sum = (some: typeof found) => some.reduce((total, { stuck }) => total + stuck, 0);
  const swept = { stuck: sum(found), stuckForLong: sum(found.filter(({ look }) => isStuckForLong(look))) };
  logger.info('swept', { ...swept });
  return swept;
}

/** All of them are done, well or badly, before the first failure is told. */
async function settleAll<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

const minuteDoneKey = (minute: string): Key => ({ pk: `MINUTE#${minute}`, sk: 'DONE' });

/** Without the minutes in which nobody waits any more: their orders have ended, and are not read again. */
async function openMinutes(unit: UnitOfWork, looks: readonly MinuteToSweep[]): Promise<MinuteToSweep[]> {
  const over = await unit.store.getMany(looks.map(({ minute }) => minuteDoneKey(minute)));
  return looks.filter((_, at) => !over[at]);
}

/** How many wait; where nobody does, the minute is noted as over. */
async function sweepMinute(unit: UnitOfWork, look: MinuteToSweep, now: number): Promise<number> {
  const shards = await settleAll(shardsOf(look).map((hash) => sweepShard(unit, hash, now)));
  const stuck = shards.reduce((sum, one) => sum + one, 0);
  count('StuckOrders', stuck);
  if (isStuckForLong(look)) count('OrdersStuckForLong', stuck);
  if (stuck === 0 && canBeMarkedDone(look)) await markMinuteDone(unit, look, now);
  return stuck;
}

const markMinuteDone = (unit: UnitOfWork, { minute }: MinuteToSweep, now: number): Promise<void> =>
  commit(unit, async () => ({
    writes: [{ op: 'put', row: { ...minuteDoneKey(minute), expires_at: expiresAt(now) } }],
    result: undefined,
  }));

async function sweepShard(unit: UnitOfWork, hash: string, now: number): Promise<number> {
  let stuck = 0;
  for (let below: string | undefined, full = true; full; ) {
    const page = {
      partition: hash,
      index: publishedByMinute,
      newestFirst: true,
      limit: PAGE,
      ...(below ? { below } : {}),
    };
    const keys = await unit.store.query(page);
    stuck += await nudgeWaiting(unit, keys, now);
    below = keys.at(-1)?.sk;
    full = keys.length === PAGE;
  }
  return stuck;
}

/** An order that cannot be read may wait as well, so it is counted; only what waits for sure is asked after. */
async function nudgeWaiting(unit: UnitOfWork, keys: readonly Key[], now: number): Promise<number> {
  if (keys.length === 0) return 0;
  const states = await unit.store.getMany(keys.map(({ pk }) => ({ pk, sk: 'STATE' })));
  const found = keys.map((key, at) => ({ key, is: waitingStateOf(states[at], key) }));
  const wait = found.filter(({ is }) => is === 'waits').map(({ key }) => key);
  const records = wait.length > 0 ? await unit.store.getMany(wait) : [];
  await settleAll(records.flatMap((record) => (record ? [nudge(unit, record, now)] : [])));
  return found.filter(({ is }) => is !== 'ended').length;
}

function waitingStateOf(row: Row | undefined, { sk }: Key): 'waits' | 'ended' | 'unreadable' {
  if (!row) return 'ended';
  const type = sk.split(/[#:]/)[1] ?? '';
  try {
    return isWaitingFor(parseOrder(row).order, type) ? 'waits' : 'ended';
  } catch (error) {
    logger.error('order row not readable', { order: row.pk, error: error as Error });
    count('NudgesFailed');
    return 'unreadable';
  }
}

/** Once for each sweep: a repeat of it finds the record that it wrote. */
async function nudge(unit: UnitOfWork, record: Row, now: number): Promise<void> {
  const name = `sweep-${new Date(now).toISOString().slice(0, 16)}`;
  const events = parseOutboxRecord(record).map((event) => ({ ...event, nudge: name }));
  logger.warn('order is stuck', { order: record.pk, waits_for: events.map(({ type }) => type) });
  try {
    const { existing } = await publishOnce(unit, () => ({ aggregate: record.pk, events }));
    if (existing) count('Duplicates');
  } catch (error) {
    // the others are asked after all the same; this one is met again at the next of its minutes
    logger.error('stuck order not nudged', { order: record.pk, error: error as Error });
    count('NudgesFailed');
  }
}
