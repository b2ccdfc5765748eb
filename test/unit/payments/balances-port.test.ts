import { describe, expect, test } from 'vitest';
import { type BalancesPosition, readBalancesAt } from '../../../lambdas/payments/balances-port.ts';
import { Busy } from '../../../lambdas/shared/runtime/errors.ts';
import type { Row } from '../../../lambdas/shared/store/store.ts';
import { noon } from '../../support/fixtures.ts';
import { createMemoryStore, overrideStore } from '../../support/memory-store.ts';

const AT = new Date(noon).toISOString();
/** Times relative to the moment of the balances, in ms. */
const iso = (offsetMs: number) => new Date(noon + offsetMs).toISOString();
const MINUTE_MS = 60_000;

/** Writes an account with entries at these times, each of which adds its amount. */
async function ledgerWith(
  accounts: Readonly<Record<string, readonly (readonly [offsetMs: number, amount: number])[]>>,
) {
  const store = createMemoryStore({ now: () => noon });
  for (const [user_id, changes] of Object.entries(accounts)) {
    let balance = 0;
    const entries = changes.map(([offsetMs, amount], index): Row => {
      balance += amount;
      const entry = { entry_id: `e${index}`, account: user_id, amount, balance_after: balance, version: index + 1 };
      const postings = [{ account: `user:${user_id}`, amount }];
      return {
        pk: `DEPOSIT#${user_id}${index}`,
        sk: 'ENTRY',
        ...entry,
        reason: 'deposit',
        ref: 'r',
        at: iso(offsetMs),
        postings,
      };
    });
    const updated_at = iso(changes.at(-1)?.[0] ?? -MINUTE_MS * 10);
    const account = { user_id, balance, version: changes.length, updated_at, bucket: 'hash:0' };
    await store.write(
      [{ pk: `ACCOUNT#${user_id}`, sk: 'STATE', ...account }, ...entries].map((row) => ({ op: 'put', row })),
      user_id,
    );
  }
  return store;
}

async function readAll(store: Parameters<typeof readBalancesAt>[0], hasTime = () => true) {
  const balances = [];
  let position: BalancesPosition | undefined;
  do {
    const page = await readBalancesAt(store, AT, position, hasTime);
    balances.push(...page.records);
    position = page.next;
  } while (position);
  return balances;
}

describe('the balances at a moment', () => {
  test('leave out what changed at that moment or later', async () => {
    const ledger = await ledgerWith({
      early: [[-10 * MINUTE_MS, 5]],
      both: [
        [-2 * MINUTE_MS, 5],
        [-1, 7],
        [0, 100],
        [5, 1000],
      ],
    });
    expect(await readAll(ledger)).toEqual([
      { user_id: 'both', balance: 12, version: 2, changed_at: iso(-1) },
      { user_id: 'early', balance: 5, version: 1, changed_at: iso(-10 * MINUTE_MS) },
    ]);
  });

  test('sum all earlier amounts even if the clocks of two functions differ', async () => {
    const ledger = await ledgerWith({
      skewed: [
        [-2 * MINUTE_MS, 5],
        [20, 100],
        [-20, 7],
      ],
    });
    expect(await readAll(ledger)).toEqual([{ user_id: 'skewed', balance: 12, version: 3, changed_at: iso(-20) }]);
  });

  test('leave out an account whose first change came later, and keep one that never changed', async () => {
    const ledger = await ledgerWith({ late: [[1, 5]], never: [] });
    expect((await readAll(ledger)).map(({ user_id, balance }) => [user_id, balance])).toEqual([['never', 0]]);
  });

  test('have each account once if pages end after every account', async () => {
    const users = Array.from({ length: 200 }, (_, index) => `u${String(index).padStart(3, '0')}`);
    const ledger = await ledgerWith(Object.fromEntries(users.map((user) => [user, [[-10 * MINUTE_MS, 1]] as const])));
    expect((await readAll(ledger, () => false)).map(({ user_id }) => user_id)).toEqual(users);
  });

  test('are read again later if the index of entries lags', async () => {
    const ledger = await ledgerWith({
      busy: [
        [-2 * MINUTE_MS, 5],
        [1, 7],
        [2, 9],
      ],
    });
    const lagging = overrideStore(ledger, {
      query: async (query) => (await ledger.query(query)).filter(({ sk, version }) => sk !== 'ENTRY' || version !== 3),
    });
    await expect(readAll(lagging)).rejects.toBeInstanceOf(Busy);
  });
});
