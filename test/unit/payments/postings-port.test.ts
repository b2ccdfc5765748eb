import { expect, test } from 'vitest';
import { scanPostings } from '../../../lambdas/payments/postings-port.ts';
import { noon } from '../../support/fixtures.ts';
import { createMemoryScanner } from '../../support/memory-scanner.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const at = new Date(noon).toISOString();
const range = { from: at, to: new Date(noon + 1).toISOString(), segment: 0, segments: 1 };

test('single and bulk entries become one posting for each account and counterparty, and other rows none', async () => {
  const store = createMemoryStore({ now: () => noon });
  const common = { reason: 'order', ref: 'r', at };
  const changes = JSON.stringify([
    ['a', 3, 8, 2],
    ['b', -1, 0, 5],
  ]);
  await store.write(
    [
      {
        ...{
          pk: 'ORDER#1',
          sk: 'PAYMENT',
          entry_id: 'order:1',
          account: 'a',
          amount: -5,
          balance_after: 5,
          version: 1,
        },
        ...common,
        postings: [
          { account: 'user:a', amount: -5 },
          { account: 'merchant:orders', amount: 5 },
        ],
      },
      {
        pk: 'CHUNK#0',
        sk: 'TICK#t',
        entry_id: 'tick:t:0',
        ...common,
        reason: 'tick',
        changes,
        counter_posting: { account: 'programme:updates', amount: -2 },
      },
      { pk: 'ORDER#2', sk: 'PAYMENT', decision: 'declined', order_amount: 9, at },
      { pk: 'ACCOUNT#c', sk: 'TICK#t', reason: 'tick', ref: 't', at, amount: 0 },
    ].map((row) => ({ op: 'put', row })),
    'rows',
  );
  const { records } = await scanPostings(createMemoryScanner(store), range);
  const described = records.map(({ entry_id, account, amount, balance_after, version }) => [
    entry_id,
    account,
    amount,
    balance_after,
    version,
  ]);
  expect(described.toSorted()).toEqual(
    [
      ['order:1', 'user:a', -5, 5, 1],
      ['order:1', 'merchant:orders', 5, undefined, undefined],
      ['tick:t:0', 'user:a', 3, 8, 2],
      ['tick:t:0', 'user:b', -1, 0, 5],
      ['tick:t:0', 'programme:updates', -2, undefined, undefined],
    ].toSorted(),
  );
});
