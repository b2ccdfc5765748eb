import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_BALANCE } from '../../../events/money.ts';
import {
  applyCorrection,
  applyUpdate,
  applyUpdates,
  type Balance,
  driftOf,
  emptySummary,
  isSameCount,
  merge,
  NEWEST,
  type Summary,
  summarize,
  type Update,
} from '../../../lambdas/balances/balance.ts';
import { given } from '../../support/given.ts';

const noon = Date.parse('2026-01-01T12:00:00.000Z');
const at = (second: number): string => new Date(noon + second * 1000).toISOString();
const view = (user_id: string, balance: number, version: number, second = version): Balance => ({
  user_id,
  balance,
  version,
  updated_at: at(second),
});

describe('what is said of an account', () => {
  const hearing = given((before: Balance | undefined, update: Update) => applyUpdate(before, update));

  test('is believed where nothing is known, an opening and a balance alike', () => {
    hearing(undefined)
      .when(view('alice', 0, 0))
      .gives(view('alice', 0, 0));
    hearing(undefined)
      .when({ ...view('alice', 70, 3), byTick: true })
      .gives(view('alice', 70, 3));
  });

  test('is believed where it is newer, whatever was missed in between', () => {
    hearing(view('alice', 70, 3))
      .when(view('alice', 10, 9))
      .gives(view('alice', 10, 9));
  });

  test('does not go back in time, whatever the clock of whoever states it', () => {
    hearing(view('alice', 70, 3, 20))
      .when(view('alice', 60, 4, 19))
      .gives(view('alice', 60, 4, 20));
  });

  test('is a duplicate at the version that is known, and stale below it', () => {
    hearing(view('alice', 70, 3))
      .when(view('alice', 70, 3))
      .gives('duplicate');
    hearing(view('alice', 70, 3))
      .when(view('alice', 5, 2))
      .gives('stale');
    hearing(view('alice', 70, 3))
      .when(view('alice', 0, 0))
      .gives('stale');
  });
});

describe('what the ledger says of an account', () => {
  const putting = given((before: Balance | undefined, truth: Balance) => applyCorrection(before, truth));

  test('puts right what is missing, behind, or wrong at the same version', () => {
    putting(undefined)
      .when(view('alice', 70, 3))
      .gives(view('alice', 70, 3));
    putting(view('alice', 5, 2))
      .when(view('alice', 70, 3))
      .gives(view('alice', 70, 3));
    putting(view('alice', 71, 3))
      .when(view('alice', 70, 3))
      .gives(view('alice', 70, 3));
  });

  test('lowers no version', () => {
    putting(view('alice', 70, 3))
      .when(view('alice', 5, 2))
      .gives('stale');
    putting(view('alice', 70, 3))
      .when(view('alice', 70, 3))
      .gives('duplicate');
  });
});

describe('the summary of a bucket', () => {
  const alice = view('alice', 70, 3);
  const one: Summary = { users: 1, balances: 1, sum: 70n, newest: [alice] };

  test('counts an account that was opened, and its balance once there is one', () => {
    const opened = applyUpdates(new Map(), emptySummary, [view('alice', 0, 0)]).summary;
    expect(opened).toEqual({ users: 1, balances: 0, sum: 0n, newest: [] });
    expect(applyUpdates(new Map([['alice', view('alice', 0, 0)]]), opened, [alice]).summary).toEqual(one);
  });

  test('counts once who has a balance before anybody said that there is an account', () => {
    const { summary, stale } = applyUpdates(new Map(), emptySummary, [alice, view('alice', 0, 0)]);
    expect(summary).toEqual(one);
    expect(stale).toBe(1);
  });

  test('has the new balance in place of the old one', () => {
    const { summary } = applyUpdates(new Map([['alice', alice]]), one, [view('alice', 60, 4)]);
    expect(summary).toEqual({ ...one, sum: 60n, newest: [view('alice', 60, 4)] });
  });

  test('has the newest first, no account twice, and no more than it keeps', () => {
    const views = Array.from({ length: NEWEST + 5 }, (_, place) => view(`u${place}`, 1, 1, place));
    const { summary } = applyUpdates(new Map(), emptySummary, [...views, view('u7', 2, 2, 99)]);
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

  test('of several at one moment has them by their names', () => {
    const { summary } = applyUpdates(new Map(), emptySummary, [view('b', 1, 1), view('c', 1, 1), view('a', 1, 1)]);
    expect(summary.newest.map(({ user_id }) => user_id)).toEqual(['a', 'b', 'c']);
  });

  test('is right to the cent beyond 2^53', () => {
    const rich = Array.from({ length: 97 }, (_, place) => view(`u${place}`, MAX_BALANCE - place, 1));
    expect(applyUpdates(new Map(), emptySummary, rich).summary.sum).toBe(97n * BigInt(MAX_BALANCE) - 4656n);
    expect(merge([summarize(rich), one]).sum).toBe(97n * BigInt(MAX_BALANCE) - 4656n + 70n);
  });

  test('knows when the clock last changed something, also by what comes too late for its accounts', () => {
    const tick = (second: number, version: number): Update => ({ ...view('alice', 9, version, second), byTick: true });
    const { summary } = applyUpdates(new Map([['alice', alice]]), one, [tick(20, 2), tick(10, 1)]);
    expect(summary).toEqual({ ...one, last_tick_at: at(20) });
    expect(merge([one, summary, { ...one, last_tick_at: at(5) }]).last_tick_at).toBe(at(20));
  });

  test('is the very same where nothing is new', () => {
    expect(applyUpdates(new Map([['alice', alice]]), one, [alice, view('alice', 0, 0)])).toEqual({
      summary: one,
      changed: [],
      stale: 1,
      duplicates: 1,
    });
    expect(applyUpdates(new Map([['alice', alice]]), one, [alice]).summary).toBe(one);
  });

  test('agrees with a count of its accounts, and not with another', () => {
    expect(isSameCount({ ...one, last_tick_at: at(1) }, summarize([alice]))).toBe(true);
    for (const off of [{ users: 2 }, { balances: 0 }, { sum: 71n }, { newest: [] }])
      expect(isSameCount({ ...one, ...off }, summarize([alice])), JSON.stringify(Object.keys(off))).toBe(false);
  });
});

/** Accounts with all that ever happened to them: an opening, then balances, each later than the one before. */
const histories = fc
  .array(fc.array(fc.tuple(fc.nat(1_000_000), fc.nat(50), fc.boolean()), { maxLength: 6 }), {
    minLength: 1,
    maxLength: 15,
  })
  .map((accounts) =>
    accounts.flatMap((changes, account) => {
      let second = account;
      return [
        view(`u${account}`, 0, 0, second),
        ...changes.map(([balance, later, byTick], place): Update => {
          second += later;
          return { ...view(`u${account}`, balance, place + 1, second), byTick };
        }),
      ];
    }),
  );

/** As batches come: each folded on the rows that those before it have left. */
function takeIn(updates: readonly Update[], batch: number) {
  const views = new Map<string, Balance>();
  let summary = emptySummary;
  for (let from = 0; from < updates.length; from += batch) {
    const folded = applyUpdates(views, summary, updates.slice(from, from + batch));
    for (const changed of folded.changed) views.set(changed.user_id, changed);
    summary = folded.summary;
  }
  return { views: [...views.values()].sort((one, other) => (one.user_id < other.user_id ? -1 : 1)), summary };
}

describe('updates in any order, any of them again and again', () => {
  test('leave the same rows as each of them once and in order, and a summary that counts them', () => {
    const disorders = histories.chain((inOrder) =>
      fc.record({
        inOrder: fc.constant(inOrder),
        again: fc.subarray(inOrder),
        ranks: fc.array(fc.nat(), { minLength: inOrder.length * 2, maxLength: inOrder.length * 2 }),
        batch: fc.integer({ min: 1, max: 10 }),
      }),
    );
    fc.assert(
      fc.property(disorders, ({ inOrder, again, ranks, batch }) => {
        const shuffled = [...inOrder, ...again]
          .map((update, place) => ({ update, rank: ranks[place] ?? 0 }))
          .sort((one, other) => one.rank - other.rank)
          .map(({ update }) => update);
        const expected = takeIn(inOrder, 1);
        expect(takeIn(shuffled, batch)).toEqual(expected);
        expect(takeIn(inOrder.toReversed(), batch)).toEqual(expected);
        expect(summarize(expected.views)).toEqual({ ...expected.summary, last_tick_at: undefined });
      }),
    );
  });
});

test('a summary counts its accounts, whatever the clocks of those who state their balances', () => {
  const told = fc.record({
    user: fc.nat(30),
    balance: fc.nat(1000),
    version: fc.nat(8),
    second: fc.nat(100),
  });
  fc.assert(
    fc.property(fc.array(told, { maxLength: 120 }), fc.integer({ min: 1, max: 10 }), (updates, batch) => {
      const all = updates.map(({ user, balance, version, second }) => view(`u${user}`, balance, version, second));
      const { views, summary } = takeIn(all, batch);
      expect(summarize(views)).toEqual({ ...summary, last_tick_at: undefined });
    }),
  );
});

describe('an account and what is known of it', () => {
  const account = view('alice', 70, 3, 0);
  const looking = given((known: Balance | undefined, seconds: number) =>
    driftOf(account, known, noon + seconds * 1000),
  );

  test('agree where version and balance do', () => {
    looking(account).when(9999).changesNothing();
  });

  test('differ at once where the balance is another at the same version', () => {
    looking(view('alice', 71, 3))
      .when(0)
      .gives('wrong');
  });

  test('differ where an update is missing for more than a minute, and not while it may be on its way', () => {
    looking(view('alice', 5, 2))
      .when(60)
      .changesNothing();
    looking(view('alice', 5, 2))
      .when(61)
      .gives('behind');
    looking(undefined).when(60).changesNothing();
    looking(undefined).when(61).gives('missing');
  });

  test('differ where more is known than the ledger has', () => {
    looking(view('alice', 9, 4))
      .when(0)
      .gives('ahead');
  });
});
