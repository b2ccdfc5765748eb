import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_BALANCE } from '../../../events/money.ts';
import {
  applyCorrection,
  applyUpdate,
  applyUpdates,
  type Balance,
  detectDrift,
  emptySummary,
  isSameCount,
  mergeSummaries,
  NEWEST,
  type Summary,
  summarize,
  type Update,
} from '../../../lambdas/balances/balance.ts';
import { given } from '../../support/given.ts';

const noon = Date.parse('2026-01-01T12:00:00.000Z');
const isoTime = (second: number): string => new Date(noon + second * 1000).toISOString();
const balanceOf = (user_id: string, balance: number, version: number, second = version): Balance => ({
  user_id,
  balance,
  version,
  updated_at: isoTime(second),
});

describe('an update', () => {
  const givenBalance = given((current: Balance | undefined, update: Update) => applyUpdate(current, update));

  test('is applied to an unknown account, both an opening and a balance', () => {
    givenBalance(undefined)
      .when(balanceOf('alice', 0, 0))
      .gives(balanceOf('alice', 0, 0));
    givenBalance(undefined)
      .when({ ...balanceOf('alice', 70, 3), byTick: true })
      .gives(balanceOf('alice', 70, 3));
  });

  test('is applied if its version is newer, even if versions between are missing', () => {
    givenBalance(balanceOf('alice', 70, 3))
      .when(balanceOf('alice', 10, 9))
      .gives(balanceOf('alice', 10, 9));
  });

  test('never decreases updated_at, even if the clock of its producer is behind', () => {
    givenBalance(balanceOf('alice', 70, 3, 20))
      .when(balanceOf('alice', 60, 4, 19))
      .gives(balanceOf('alice', 60, 4, 20));
  });

  test('is a duplicate at the same version, and stale at a lower one', () => {
    givenBalance(balanceOf('alice', 70, 3))
      .when(balanceOf('alice', 70, 3))
      .gives('duplicate');
    givenBalance(balanceOf('alice', 70, 3))
      .when(balanceOf('alice', 5, 2))
      .gives('stale');
    givenBalance(balanceOf('alice', 70, 3))
      .when(balanceOf('alice', 0, 0))
      .gives('stale');
  });
});

describe('a correction by the ledger', () => {
  const givenBalance = given((current: Balance | undefined, account: Balance) => applyCorrection(current, account));

  test('replaces a balance that is missing, behind, or wrong at the same version', () => {
    givenBalance(undefined)
      .when(balanceOf('alice', 70, 3))
      .gives(balanceOf('alice', 70, 3));
    givenBalance(balanceOf('alice', 5, 2))
      .when(balanceOf('alice', 70, 3))
      .gives(balanceOf('alice', 70, 3));
    givenBalance(balanceOf('alice', 71, 3))
      .when(balanceOf('alice', 70, 3))
      .gives(balanceOf('alice', 70, 3));
  });

  test('never lowers a version', () => {
    givenBalance(balanceOf('alice', 70, 3))
      .when(balanceOf('alice', 5, 2))
      .gives('stale');
    givenBalance(balanceOf('alice', 70, 3))
      .when(balanceOf('alice', 70, 3))
      .gives('duplicate');
  });
});

describe('the summary of a bucket', () => {
  const alice = balanceOf('alice', 70, 3);
  const aliceStored = new Map([['alice', alice]]);
  const aliceSummary: Summary = { users: 1, balances: 1, sum: 70n, newest: [alice] };

  test('counts an opened account, and its balance once it has one', () => {
    const opened = balanceOf('alice', 0, 0);
    const { summary } = applyUpdates(new Map(), emptySummary, [opened]);
    expect(summary).toEqual({ users: 1, balances: 0, sum: 0n, newest: [] });
    expect(applyUpdates(new Map([['alice', opened]]), summary, [alice]).summary).toEqual(aliceSummary);
  });

  test('counts an account once whose balance arrives before its opening', () => {
    const { summary, stale } = applyUpdates(new Map(), emptySummary, [alice, balanceOf('alice', 0, 0)]);
    expect(summary).toEqual(aliceSummary);
    expect(stale).toBe(1);
  });

  test('replaces the old balance by the new one', () => {
    const { summary } = applyUpdates(aliceStored, aliceSummary, [balanceOf('alice', 60, 4)]);
    expect(summary).toEqual({ ...aliceSummary, sum: 60n, newest: [balanceOf('alice', 60, 4)] });
  });

  test('keeps the newest ten balances, newest first and one per account', () => {
    const balances = Array.from({ length: NEWEST + 5 }, (_, index) => balanceOf(`u${index}`, 1, 1, index));
    const { summary } = applyUpdates(new Map(), emptySummary, [...balances, balanceOf('u7', 2, 2, 99)]);
    expect(summary.newest.map(({ user_id }) => user_id)).toEqual([
      'u7',
      'u14',
      'u13',
      'u12',
      'u11',
      'u10',
      'u9',
      'u8',
      'u6',
      'u5',
    ]);
  });

  test('orders balances of the same time by user', () => {
    const updates = [balanceOf('b', 1, 1), balanceOf('c', 1, 1), balanceOf('a', 1, 1)];
    const { summary } = applyUpdates(new Map(), emptySummary, updates);
    expect(summary.newest.map(({ user_id }) => user_id)).toEqual(['a', 'b', 'c']);
  });

  test('is exact above 2^53', () => {
    const rich = Array.from({ length: 97 }, (_, index) => balanceOf(`u${index}`, MAX_BALANCE - index, 1));
    expect(applyUpdates(new Map(), emptySummary, rich).summary.sum).toBe(97n * BigInt(MAX_BALANCE) - 4656n);
    expect(mergeSummaries([summarize(rich), aliceSummary]).sum).toBe(97n * BigInt(MAX_BALANCE) - 4656n + 70n);
  });

  test('has the time of the last tick, even if the updates of the tick are stale', () => {
    const tick = (second: number, version: number): Update => ({
      ...balanceOf('alice', 9, version, second),
      byTick: true,
    });
    const { summary } = applyUpdates(aliceStored, aliceSummary, [tick(20, 2), tick(10, 1)]);
    expect(summary).toEqual({ ...aliceSummary, last_tick_at: isoTime(20) });
    const merged = mergeSummaries([aliceSummary, summary, { ...aliceSummary, last_tick_at: isoTime(5) }]);
    expect(merged.last_tick_at).toBe(isoTime(20));
  });

  test('stays the same object if no update is new', () => {
    expect(applyUpdates(aliceStored, aliceSummary, [alice, balanceOf('alice', 0, 0)])).toEqual({
      summary: aliceSummary,
      changed: [],
      stale: 1,
      duplicates: 1,
    });
    expect(applyUpdates(aliceStored, aliceSummary, [alice]).summary).toBe(aliceSummary);
  });

  test('equals a count of its accounts, and no other count', () => {
    expect(isSameCount({ ...aliceSummary, last_tick_at: isoTime(1) }, summarize([alice]))).toBe(true);
    for (const difference of [{ users: 2 }, { balances: 0 }, { sum: 71n }, { newest: [] }])
      expect(isSameCount({ ...aliceSummary, ...difference }, summarize([alice])), `${Object.keys(difference)}`).toBe(
        false,
      );
  });
});

/** Histories of several accounts: an opening, then balances, each at a later time than the one before. */
const histories = fc
  .array(fc.array(fc.tuple(fc.nat(1_000_000), fc.nat(50), fc.boolean()), { maxLength: 6 }), {
    minLength: 1,
    maxLength: 15,
  })
  .map((accounts) =>
    accounts.flatMap((changes, account) => {
      let second = account;
      return [
        balanceOf(`u${account}`, 0, 0, second),
        ...changes.map(([balance, delay, byTick], index): Update => {
          second += delay;
          return { ...balanceOf(`u${account}`, balance, index + 1, second), byTick };
        }),
      ];
    }),
  );

/** Applies updates in batches, each to the result of the batches before it. */
function applyInBatches(updates: readonly Update[], batchSize: number) {
  const stored = new Map<string, Balance>();
  let summary = emptySummary;
  for (let start = 0; start < updates.length; start += batchSize) {
    const change = applyUpdates(stored, summary, updates.slice(start, start + batchSize));
    for (const balance of change.changed) stored.set(balance.user_id, balance);
    summary = change.summary;
  }
  return { balances: [...stored.values()].sort((a, b) => (a.user_id < b.user_id ? -1 : 1)), summary };
}

describe('updates in any order and with duplicates', () => {
  test('leave the same rows as in order and without duplicates, and a summary that counts them', () => {
    const deliveries = histories.chain((inOrder) =>
      fc.record({
        inOrder: fc.constant(inOrder),
        duplicates: fc.subarray(inOrder),
        ranks: fc.array(fc.nat(), { minLength: inOrder.length * 2, maxLength: inOrder.length * 2 }),
        batchSize: fc.integer({ min: 1, max: 10 }),
      }),
    );
    fc.assert(
      fc.property(deliveries, ({ inOrder, duplicates, ranks, batchSize }) => {
        const shuffled = [...inOrder, ...duplicates]
          .map((update, index) => ({ update, rank: ranks[index] ?? 0 }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ update }) => update);
        const expected = applyInBatches(inOrder, 1);
        expect(applyInBatches(shuffled, batchSize)).toEqual(expected);
        expect(applyInBatches(inOrder.toReversed(), batchSize)).toEqual(expected);
        expect(summarize(expected.balances)).toEqual({ ...expected.summary, last_tick_at: undefined });
      }),
    );
  });

  test('leave a summary that counts its accounts, even if the clocks of the producers differ', () => {
    const anyUpdate = fc.record({
      user: fc.nat(30),
      balance: fc.nat(1000),
      version: fc.nat(8),
      second: fc.nat(100),
    });
    fc.assert(
      fc.property(fc.array(anyUpdate, { maxLength: 120 }), fc.integer({ min: 1, max: 10 }), (updates, batchSize) => {
        const all = updates.map(({ user, balance, version, second }) =>
          balanceOf(`u${user}`, balance, version, second),
        );
        const { balances, summary } = applyInBatches(all, batchSize);
        expect(summarize(balances)).toEqual({ ...summary, last_tick_at: undefined });
      }),
    );
  });
});

describe('a drift from the ledger', () => {
  const account = balanceOf('alice', 70, 3, 0);
  const givenBalance = given((balance: Balance | undefined, seconds: number) =>
    detectDrift(account, balance, noon + seconds * 1000),
  );

  test('is absent if version and balance are equal', () => {
    givenBalance(account).when(9999).changesNothing();
  });

  test('is "wrong" at once if the balance differs at the same version', () => {
    givenBalance(balanceOf('alice', 71, 3))
      .when(0)
      .gives('wrong');
  });

  test('is "behind" or "missing" after one minute, and absent while the update may be in transit', () => {
    givenBalance(balanceOf('alice', 5, 2))
      .when(60)
      .changesNothing();
    givenBalance(balanceOf('alice', 5, 2))
      .when(61)
      .gives('behind');
    givenBalance(undefined).when(60).changesNothing();
    givenBalance(undefined).when(61).gives('missing');
  });

  test('is "ahead" if the version is above the version of the ledger', () => {
    givenBalance(balanceOf('alice', 9, 4))
      .when(0)
      .gives('ahead');
  });
});
