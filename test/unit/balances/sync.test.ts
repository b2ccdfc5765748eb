import { describe, expect, test } from 'vitest';
import { BalancesUpdated } from '../../../events/payments/balances-updated.ts';
import { bucketOf } from '../../../events/payments/bucket.ts';
import type { Balance } from '../../../lambdas/balances/balance.ts';
import { type BalanceEvent, type BalanceStore, balanceStore } from '../../../lambdas/balances/balance-store.ts';
import { type BucketComparison, syncBuckets, syncNext } from '../../../lambdas/balances/sync.ts';
import { toIso } from '../../../lambdas/shared/runtime/clock.ts';
import { createSteppingClock, noon } from '../../support/fixtures.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { summaryTotals } from '../../support/read-model.ts';

const bucket = bucketOf('alice');
const anHourAgo = toIso(noon - 3_600_000);
const account = (balance: number, version: number): Balance => ({
  user_id: 'alice',
  balance,
  version,
  updated_at: anHourAgo,
});
const update = (balance: number, version: number): BalanceEvent =>
  BalancesUpdated.make(
    { entry_id: `order:${version}`, balances: [{ user_id: 'alice', balance, version }] },
    { time: anHourAgo, correlation_id: 'x', causation_id: 'y' },
  );

type ReadName = keyof BalanceStore | 'accounts';

/**
 * Creates a ledger and a read model of one account. `interruptions` run right after the nth read of a kind, as other
 * functions would change the tables meanwhile.
 */
function createTables(
  ledgerAccount: Balance,
  interruptions: Partial<Record<`${ReadName} ${number}`, () => unknown>> = {},
) {
  const table = createMemoryStore({ now: () => noon });
  const clock = createSteppingClock();
  const balances = balanceStore({ store: table, clock, deadlineMs: Number.POSITIVE_INFINITY });
  const ledger = { account: ledgerAccount };
  const readCounts = new Map<string, number>();
  const interruptAfter = async <T>(read: ReadName, result: T): Promise<T> => {
    const readCount = (readCounts.get(read) ?? 0) + 1;
    readCounts.set(read, readCount);
    await interruptions[`${read} ${readCount}`]?.();
    return result;
  };
  const ports = {
    clock,
    ledger: { accounts: async () => interruptAfter('accounts', { accounts: [ledger.account] }), chunks: async () => 0 },
    balances: {
      ...balances,
      getMany: async (ids: readonly string[]) => interruptAfter('getMany', await balances.getMany(ids)),
      getSummary: async (name: string) => interruptAfter('getSummary', await balances.getSummary(name)),
    },
  };
  const sync = async (): Promise<BucketComparison | undefined> =>
    (await syncBuckets(ports, [bucket], async () => true))[0];
  const falsifySummary = async (fields: Record<string, unknown>) => {
    const [row] = table.all().filter(({ pk }) => pk.startsWith('SUMMARY#'));
    if (row) await table.write([{ op: 'put', row: { ...row, ...fields } }], 'falsified');
  };
  return { balances, ledger, sync, falsifySummary, totals: () => summaryTotals(table.all()) };
}

describe('the sync', () => {
  test('finds no drift if the account changes between the reads of the ledger and of the read model', async () => {
    const { balances, ledger, sync } = createTables(account(70, 1), {
      'accounts 1': async () => {
        ledger.account = account(60, 2);
        await balances.applyEvents([update(60, 2)]);
      },
    });
    await balances.applyEvents([update(70, 1)]);
    expect(await sync()).toEqual({ bucket, accounts: 1, drifts: [] });
  });

  test('finds no drift if the missing update arrives before the repair', async () => {
    const { balances, sync, totals } = createTables(account(60, 2), {
      'getMany 1': () => balances.applyEvents([update(60, 2)]),
    });
    await balances.applyEvents([update(70, 1)]);
    expect(await sync()).toEqual({ bucket, accounts: 1, drifts: [] });
    expect(totals()).toEqual({ users: 1, balances: 1, sum: 60n });
  });

  test('compares a bucket again if its summary changes between the read and the repair', async () => {
    const { balances, ledger, sync, falsifySummary, totals } = createTables(account(70, 1), {
      'getSummary 2': async () => {
        ledger.account = account(60, 2);
        await balances.applyEvents([update(60, 2)]);
      },
    });
    await balances.applyEvents([update(70, 1)]);
    await falsifySummary({ sum: '75' });
    expect(await sync()).toMatchObject({ drifts: [{ kind: 'summary', repaired: true }] });
    expect(totals()).toEqual({ users: 1, balances: 1, sum: 60n });
  });

  test('compares the accounts of a bucket that always changes, and reports it as uncounted without a drift', async () => {
    let version = 1;
    const change = async () => {
      version += 1;
      ledger.account = account(version, version);
      await balances.applyEvents([update(version, version)]);
    };
    const interruptions = Object.fromEntries([1, 2, 3, 4, 5].map((read) => [`getMany ${read}` as const, change]));
    const { balances, ledger, sync } = createTables(account(1, 1), interruptions);
    await balances.applyEvents([update(1, 1)]);
    expect(await sync()).toEqual({ bucket, accounts: 1, drifts: [], isUncounted: true });
  });

  test('returns the error of a bucket that cannot be read', async () => {
    const { balances, sync } = createTables(account(1, 1), {
      'accounts 1': () => {
        throw new Error('the ledger is unavailable');
      },
    });
    await balances.applyEvents([update(1, 1)]);
    expect(await sync()).toEqual({ bucket, accounts: 0, drifts: [], failed: 'the ledger is unavailable' });
  });
});

describe('the balance store', () => {
  test('rejects an update that places an account in a second bucket', async () => {
    const { balances } = createTables(account(1, 1));
    await balances.applyEvents([update(1, 1)]);
    const misplaced = update(2, 2);
    await expect(
      balances.applyEvents([{ ...misplaced, data: { ...misplaced.data, chunk: 4 } } as BalanceEvent]),
    ).rejects.toThrow(`The account of alice is counted in ${bucket} and cannot move to chunk:4.`);
  });

  test('splits the accounts of a batch into as many transactions as needed', async () => {
    const { balances, totals } = createTables(account(1, 1));
    const users = Array.from({ length: 300 }, (_, index) => `u${index}`);
    const events = users.map((user_id) => {
      const event = update(5, 1);
      return { ...event, data: { ...event.data, chunk: 0, balances: [{ user_id, balance: 5, version: 1 }] } };
    });
    await balances.applyEvents(events as BalanceEvent[]);
    expect(totals()).toEqual({ users: 300, balances: 300, sum: 1500n });
  });
});

test('the scheduled sync stops starting comparisons in time to finish those that run and to save its position', async () => {
  const clock = createSteppingClock();
  const table = createMemoryStore({ now: clock.now });
  const deadlineMs = noon + 100_000;
  const balances = balanceStore({ store: table.withDeadline(deadlineMs), clock, deadlineMs });
  const ledger = {
    chunks: async () => 0,
    accounts: async () => {
      // Eight comparisons run at a time, so the first eight end after more than half of the time.
      clock.pass(7000);
      return { accounts: [] };
    },
  };
  const comparisons = await syncNext({ clock, ledger, balances, deadlineMs, bucketsPerRun: 16 });
  expect(comparisons.map(({ failed }) => failed)).toEqual(Array.from({ length: 8 }, () => undefined));
  expect(await balances.getSyncPosition()).toBe(8);
});
