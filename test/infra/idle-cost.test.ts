import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { createSyncDeps } from '../../lambdas/balances/deps.ts';
import { syncNext } from '../../lambdas/balances/sync.ts';
import { nudgeStuckOrders } from '../../lambdas/orders/stuck-orders.ts';
import { minutesToSweep } from '../../lambdas/orders/sweep-schedule.ts';
import { createExportsDeps } from '../../lambdas/reports/deps.ts';
import { metrics } from '../../lambdas/shared/runtime/observability.ts';
import type { Store, Write } from '../../lambdas/shared/store/store.ts';
import { configOf } from '../../lib/config.ts';
import { idleCost, idleRuns, totalOf } from '../support/idle-cost.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import prices from '../support/prices.json' with { type: 'json' };
import { synthesized } from '../support/synthesized.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const MAX_IDLE_DOLLARS = 6;
const stages = { dev: idleCost(synthesized('dev').resources), prod: idleCost(synthesized('prod').resources) };
const limitedDev = idleCost(synthesized('dev', { consumerConcurrency: '2' }).resources);

const dollars = (amount: number): string => `$${amount.toFixed(2)}`;
const rowsOf = (lines: ReturnType<typeof idleCost>): string[] => [
  ...lines.map((line) => `| ${line.part} | ${line.quantity} | ${dollars(line.dollars)} |`),
  `| **total** | | **${dollars(totalOf(lines))}** |`,
];

/** Counts the units that DynamoDB would charge for a table of small rows. */
function countUnits(store: Store) {
  const units = { read: 0, write: 0 };
  const counting: Store = {
    withDeadline: () => counting,
    get: (key) => {
      units.read += 1;
      return store.get(key);
    },
    // A row that does not exist costs as much as one that does.
    getMany: (keys) => {
      units.read += keys.length;
      return store.getMany(keys);
    },
    query: (query) => {
      units.read += query.index ? 0.5 : 1;
      return store.query(query);
    },
    write: (writes, token) => {
      units.write += writes.length === 1 ? 1 : 2 * writes.length;
      return store.write(writes, token);
    },
  };
  return { units, counting };
}

describe('an idle stage', () => {
  // Other tests may leave metrics behind that they have not published.
  beforeEach(() => metrics.clearMetrics());

  // The page and the limit need no change for a new queue, which costs less in either stage, with its alarms.
  const MAX_DOLLARS_PER_QUEUE = 1.5;
  const page = readFileSync('docs/scale.md', 'utf8');
  const numbers = (pattern: RegExp) => [...page.matchAll(pattern)].map(([, number]) => Number(number));
  const [countedQueues = 0] = numbers(/\| (\d+) queues, \d+ connections/g);
  const newQueues = Number(stages.dev[0]?.quantity.split(' ')[0]) - countedQueues;
  const forNewQueues = newQueues * MAX_DOLLARS_PER_QUEUE;

  test(`costs at most ${dollars(MAX_IDLE_DOLLARS)} a month as dev, with the queues that docs/scale.md counts`, () => {
    const limit = MAX_IDLE_DOLLARS + forNewQueues;
    expect(totalOf(stages.dev), rowsOf(stages.dev).join('\n')).toBeLessThanOrEqual(limit);
  });

  test('costs what docs/scale.md says, to the cent, and $1.50 at most for each queue that the page does not count', () => {
    expect(page).toContain(`prices of ${prices.date}`);
    const stated = [
      ...numbers(/\*\*total\*\* \| \| \*\*\$([\d.]+)\*\*/g),
      ...numbers(/consumerConcurrency=2`.* `dev` costs \$(\d+\.\d\d)/g),
    ];
    expect(stated).toHaveLength(3);
    for (const [index, lines] of [stages.dev, stages.prod, limitedDev].entries()) {
      const difference = Math.abs(Number(totalOf(lines).toFixed(2)) - (stated[index] ?? 0));
      expect(difference, `The table must be:\n${rowsOf(lines).join('\n')}`).toBeLessThanOrEqual(forNewQueues);
    }
  });

  test('reads and writes as many units per sweep as the calculation assumes, and emits no metric', async () => {
    const clock = virtualClock(1);
    const memory = createMemoryStore({ now: clock.now });
    const limitMinutes = configOf('dev').stuckAfterMinutes;
    // The sweeps before have marked the older minutes as done.
    const older = minutesToSweep(clock.now(), limitMinutes).filter(({ ageMinutes }) => ageMinutes >= 16);
    const writes = older.map(({ minute }): Write => ({ op: 'put', row: { pk: `MINUTE#${minute}`, sk: 'DONE' } }));
    await memory.write(writes, 'marks');
    const { units, counting } = countUnits(memory);
    await nudgeStuckOrders({ store: counting, clock, deadlineMs: Number.POSITIVE_INFINITY }, clock.now(), limitMinutes);
    expect(units.read).toBeGreaterThan(0);
    expect(units.read).toBeLessThanOrEqual(idleRuns['orders-nudge-stuck-orders']?.readUnits ?? 0);
    expect(units.write).toBeLessThanOrEqual(idleRuns['orders-nudge-stuck-orders']?.writeUnits ?? 0);
    expect(metrics.hasStoredMetrics()).toBe(false);
  });

  test('reads and writes as many units per sync as the calculation assumes, and emits no metric', async () => {
    const clock = virtualClock(1);
    const [balances, payments] = [0, 1].map(() => countUnits(createMemoryStore({ now: clock.now })));
    if (!balances || !payments) throw new Error('two tables were created');
    const { bucketsPerSync } = configOf('dev').readModel;
    const createDeps = createSyncDeps({ store: balances.counting, clock }, payments.counting, bucketsPerSync);
    await syncNext(createDeps({ deadlineMs: Number.POSITIVE_INFINITY }));
    const read = balances.units.read + payments.units.read;
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThanOrEqual(idleRuns['balances-sync-balances']?.readUnits ?? 0);
    expect(balances.units.write).toBeLessThanOrEqual(idleRuns['balances-sync-balances']?.writeUnits ?? 0);
    expect(metrics.hasStoredMetrics()).toBe(false);
  });

  test('reads and writes as many units per check of the daily exports as the reckoning assumes', async () => {
    const clock = virtualClock(1);
    const { units, counting } = countUnits(createMemoryStore({ now: clock.now }));
    const { reports } = createExportsDeps({ store: counting, clock }, 0)({ deadlineMs: Number.POSITIVE_INFINITY });
    const { readUnits = 0, writeUnits = 0 } = idleRuns['reports-plan-daily-exports'] ?? {};
    for (let run = 0; run < 48; run++) {
      await reports.requestDailyExports(clock.now() + run * 1_800_000);
      await reports.repeatLostRuns(clock.now());
    }
    // The first day has the exports of three days to request, and a later one has those of one day.
    expect(units.read).toBeLessThanOrEqual(48 * readUnits);
    units.write = 0;
    for (let run = 48; run < 96; run++) await reports.requestDailyExports(clock.now() + run * 1_800_000);
    expect(units.write).toBeGreaterThan(0);
    expect(units.write).toBeLessThanOrEqual(48 * writeUnits);
    expect(metrics.hasStoredMetrics()).toBe(false);
  });

  test('runs each schedule as often as the calculation assumes', () => {
    const runsPerHour = (expression: string): number => {
      const [minutes = ''] = /^cron\((\S+) \* \* \* \? \*\)$/.exec(expression)?.slice(1) ?? [];
      return minutes === '*' ? 60 : 60 / Number(minutes.split('/')[1]);
    };
    // A schedule that costs nothing in dev, because it is off there, runs in prod.
    const schedules = synthesized('prod').resources.filter(
      ({ Type, Properties }) =>
        Type === 'AWS::Events::Rule' && Properties['State'] === 'ENABLED' && Properties['ScheduleExpression'],
    );
    const assumed = schedules.map(
      ({ Properties }) => idleRuns[String(Properties['Name']).split('-').slice(2).join('-')]?.runsPerHour,
    );
    expect(assumed).toEqual(schedules.map(({ Properties }) => runsPerHour(String(Properties['ScheduleExpression']))));
    expect(assumed.length).toBe(Object.keys(idleRuns).length);
  });
});
