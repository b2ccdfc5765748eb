import { expect, test } from 'vitest';
import { AccountOpened } from '../../../events/payments/account-opened.ts';
import { BalancesUpdated } from '../../../events/payments/balances-updated.ts';
import { bucketOf } from '../../../events/payments/bucket.ts';
import { summarize } from '../../../lambdas/balances/balance.ts';
import { summaryKey } from '../../../lambdas/balances/balance-row.ts';
import { balanceStore } from '../../../lambdas/balances/balance-store.ts';
import { createSteppingClock, noon } from '../../support/fixtures.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { recordWrites } from '../../support/recorded-writes.ts';

const updated_at = new Date(noon).toISOString();
const cause = { time: updated_at, correlation_id: 'x', causation_id: 'y' };
const bucket = bucketOf('alice');
const summary = `${summaryKey(bucket).pk} ${bucket}`;
const opened = AccountOpened.make({ user_id: 'alice' }, cause);
const updated = (balance: number, version: number) =>
  BalancesUpdated.make({ entry_id: `order:${version}`, balances: [{ user_id: 'alice', balance, version }] }, cause);

function createBalances() {
  const { store, takeTransactions } = recordWrites(createMemoryStore({ now: () => noon }));
  const balances = balanceStore({ store, clock: createSteppingClock(), deadlineMs: noon + 5000 });
  return { balances, takeTransactions };
}

test('a balance and the summary of its bucket are created only if they are absent, and changed under their versions', async () => {
  const { balances, takeTransactions } = createBalances();
  await balances.applyEvents([opened]);
  await balances.applyEvents([updated(70, 3)]);
  await balances.applyEvents([updated(60, 4)]);
  expect(takeTransactions()).toEqual([
    ['put USER#alice STATE if absent', `put ${summary} if absent`],
    ['put USER#alice STATE if version 0', `put ${summary} if version 1`],
    ['put USER#alice STATE if version 3', `put ${summary} if version 2`],
  ]);
});

test('stale and duplicate updates write nothing', async () => {
  const { balances, takeTransactions } = createBalances();
  await balances.applyEvents([updated(70, 3)]);
  takeTransactions();
  await balances.applyEvents([updated(70, 3), updated(100, 2), opened]);
  expect(takeTransactions()).toEqual([]);
});

test('a correction and a replaced summary are written under the versions that were read', async () => {
  const { balances, takeTransactions } = createBalances();
  await balances.applyEvents([updated(70, 3)]);
  takeTransactions();
  const account = { user_id: 'alice', balance: 71, version: 3, updated_at };
  await balances.correct(bucket, [account]);
  expect(await balances.replaceSummary(bucket, 2, summarize([account]))).toBe(true);
  expect(await balances.replaceSummary(bucket, 2, summarize([]))).toBe(false);
  expect(takeTransactions()).toEqual([
    ['put USER#alice STATE if version 3', `put ${summary} if version 1`],
    [`put ${summary} if version 2`],
  ]);
});
