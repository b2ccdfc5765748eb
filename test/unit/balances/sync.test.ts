import { describe, expect, test } from 'vitest';
import { BalancesUpdated } from '../../../events/payments/balances-updated.ts';
import { bucketOf } from '../../../events/payments/bucket.ts';
import type { Balance } from '../../../lambdas/balances/balance.ts';
import { type BalanceEvent, type BalanceStore, balanceStore } from '../../../lambdas/balances/balance-store.ts';
import { type BucketComparison, syncBuckets } from '../../../lambdas/balances/sync.ts';
import { toIso } from '../../../lambdas/shared/runtime/clock.ts';
import { createSteppingClock, noon } from '../../support/fixtures.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { summaryTotals } from '../../support/read-model.ts';

const bucket = bucketOf('alice');
const longAgo = toIso(noon - 3_600_000);
const account = (balance: number, version: number): Balance => ({
  user_id: 'alice',
  balance,
  version,
  updated_at: longAgo,
});
const update = (balance: number, version: number): BalanceEvent =>
  BalancesUpdated.make(
    { entry_id: `order:${version}`, balances: [{ user_id: 'alice', balance, version }] },
    { time: longAgo, correlation_id: 'x', causation_id: 'y' },
  );

/** One account in a ledger and a read model; `meanwhile` is what happens right after the nth reading of some kind. */
function books(
  ledger: Balance,
  meanwhile: Partial<Record<`${keyof BalanceStore | 'accounts'} ${number}`, () => unknown>> = {},
) {
  const table = createMemoryStore({ now: () => noon });
  const clock = createSteppingClock();
  const balances = balanceStore({ store: table, clock, deadlineMs: Number.POSITIVE_INFINITY });
  const state = { ledger };
  const times = new Map<string, number>();
  const then = async <T>(what: keyof BalanceStore | 'accounts', answer: T): Promise<T> => {
    const time = (times.get(what) ?? 0) + 1;
    times.set(what, time);
    await meanwhile[`${what} ${time}`]?.();
    return answer;
  };
  const ports = {
    clock,
    ledger: { accounts: async () => then('accounts', { accounts: [state.ledger] }), chunks: async () => 0 },
    balances: {
      ...balances,
      views: async (ids: readonly string[]) => then('views', await balances.views(ids)),
      summary: async (of: string) => then('summary', await balances.summary(of)),
    },
  };
  const sync = async (): Promise<BucketComparison | undefined> =>
    (await syncBuckets(ports, [bucket], async () => true))[0];
  const falsify = async (fields: Record<string, unknown>) => {
    const [row] = table.all().filter(({ pk }) => pk.startsWith('SUMMARY#'));
    if (row) await table.write([{ op: 'put', row: { ...row, ...fields } }], 'falsified');
  };
  return { balances, state, sync, falsify, counted: () => summaryTotals(table.all()) };
}

describe('what happens while the sync looks', () => {
  test('a ledger that goes on between the two readings is not behind its read model', async () => {
    const { balances, state, sync } = books(account(70, 1), {
      'accounts 1': async () => {
        state.ledger = account(60, 2);
        await balances.take([update(60, 2)]);
      },
    });
    await balances.take([update(70, 1)]);
    expect(await sync()).toEqual({ bucket, accounts: 1, drifts: [] });
  });

  test('an update that comes in before it could be repaired is no drift', async () => {
    const { balances, sync, counted } = books(account(60, 2), {
      'views 1': () => balances.take([update(60, 2)]),
    });
    await balances.take([update(70, 1)]);
    expect(await sync()).toEqual({ bucket, accounts: 1, drifts: [] });
    expect(counted()).toEqual({ users: 1, balances: 1, sum: 60n });
  });

  test('a summary that moves between its reading and its repair is left as it is, and looked at again', async () => {
    const { balances, state, sync, falsify, counted } = books(account(70, 1), {
      'summary 2': async () => {
        state.ledger = account(60, 2);
        await balances.take([update(60, 2)]);
      },
    });
    await balances.take([update(70, 1)]);
    await falsify({ sum: '75' });
    expect(await sync()).toMatchObject({ drifts: [{ kind: 'summary', repaired: true }] });
    expect(counted()).toEqual({ users: 1, balances: 1, sum: 60n });
  });

  test('a bucket that never stands still is compared and not counted, and nothing is reported of it', async () => {
    let version = 1;
    const moves = async () => {
      version += 1;
      state.ledger = account(version, version);
      await balances.take([update(version, version)]);
    };
    const always = Object.fromEntries([1, 2, 3, 4, 5].map((time) => [`views ${time}` as const, moves]));
    const { balances, state, sync } = books(account(1, 1), always);
    await balances.take([update(1, 1)]);
    expect(await sync()).toEqual({ bucket, accounts: 1, drifts: [], isUncounted: true });
  });

  test('a bucket that cannot be read fails alone', async () => {
    const { balances, sync } = books(account(1, 1), {
      'accounts 1': () => {
        throw new Error('the ledger is away');
      },
    });
    await balances.take([update(1, 1)]);
    expect(await sync()).toEqual({ bucket, accounts: 0, drifts: [], failed: 'the ledger is away' });
  });
});

test('an account that is said to stand in two buckets is refused: it would be counted twice', async () => {
  const { balances } = books(account(1, 1));
  await balances.take([update(1, 1)]);
  const elsewhere = update(2, 2);
  await expect(
    balances.take([{ ...elsewhere, data: { ...elsewhere.data, chunk: 4 } } as BalanceEvent]),
  ).rejects.toThrow(`alice is in ${bucket}: no account moves to chunk:4`);
});

test('more accounts than one transaction can take are as many transactions as it needs', async () => {
  const { balances, counted } = books(account(1, 1));
  const users = Array.from({ length: 300 }, (_, at) => `u${at}`);
  const events = users.map((user_id) => {
    const event = update(5, 1);
    return { ...event, data: { ...event.data, chunk: 0, balances: [{ user_id, balance: 5, version: 1 }] } };
  });
  await balances.take(events as BalanceEvent[]);
  expect(counted()).toEqual({ users: 300, balances: 300, sum: 1500n });
});
