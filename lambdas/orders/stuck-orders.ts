import { commit, type Unit } from '../shared/commit.ts';
import { AlreadyDone } from '../shared/errors.ts';
import { count, logger } from '../shared/observability.ts';
import { eventsIn } from '../shared/outbox.ts';
import type { Item, Key } from '../shared/store.ts';
import { waitsFor } from './order.ts';
import { keptOrder } from './order-row.ts';
import { minutesToSweep } from './sweep.ts';
import { statedByMinute } from './table.ts';

const PAGE = 100;

/**
 * Finds the orders that still wait for what they stated a limit ago, and states it again as a nudge named by this
 * sweep: whichever event of an order's history was lost, each step behind it answers again from what it decided.
 */
export async function nudgeStuckOrders(unit: Unit, now: number, limitMinutes: number): Promise<number> {
  const stuck = (
    await Promise.all(minutesToSweep(now, limitMinutes).map((hash) => sweepMinute(unit, hash, now)))
  ).reduce((sum, one) => sum + one, 0);
  logger.info('swept', { stuck });
  return stuck;
}

/** Each minute by itself: what goes wrong with one must not keep the others from being asked after. */
async function sweepMinute(unit: Unit, hash: string, now: number): Promise<number> {
  let stuck = 0;
  for (let below: string | undefined, full = true; full; ) {
    const page = { hash, index: statedByMinute, newestFirst: true, limit: PAGE, ...(below ? { below } : {}) };
    const keys = await unit.store.query(page);
    const records = await recordsOfWaiting(unit, keys);
    stuck += records.length;
    count('StuckOrders', records.length);
    await Promise.all(records.map((record) => nudge(unit, record, now)));
    below = keys.at(-1)?.sk;
    full = keys.length === PAGE;
  }
  return stuck;
}

async function recordsOfWaiting(unit: Unit, keys: readonly Key[]): Promise<Item[]> {
  if (keys.length === 0) return [];
  const states = await unit.store.getMany(keys.map(({ pk }) => ({ pk, sk: 'STATE' })));
  const waiting = keys.filter(({ sk }, at) => {
    const row = states[at];
    const type = sk.split(/[#:]/)[1] ?? '';
    return row !== undefined && isWaiting(row, type);
  });
  return waiting.length === 0 ? [] : (await unit.store.getMany(waiting)).filter((record) => record !== undefined);
}

function isWaiting(row: Item, type: string): boolean {
  try {
    return waitsFor(keptOrder(row).order, type);
  } catch (error) {
    logger.error('order row not readable', { order: row.pk, error: error as Error });
    count('NudgesFailed');
    return false;
  }
}

/** Once for each sweep: a repeat of it finds the record that it wrote. */
async function nudge(unit: Unit, record: Item, now: number): Promise<void> {
  const name = `sweep-${new Date(now).toISOString().slice(0, 16)}`;
  const events = eventsIn(record).map((event) => ({ ...event, nudge: name }));
  logger.warn('order is stuck', { order: record.pk, waits_for: events.map(({ type }) => type) });
  try {
    await commit(unit, async () => ({ writes: [], publish: [{ about: record.pk, events }], result: undefined }));
  } catch (error) {
    if (error instanceof AlreadyDone) count('Duplicates');
    else {
      // the others are asked after all the same; this one is met again at the next of its minutes
      logger.error('stuck order not nudged', { order: record.pk, error: error as Error });
      count('NudgesFailed');
    }
  }
}
