import { expect, test } from 'vitest';
import { webhookStore } from '../../../lambdas/webhooks/webhook-store.ts';
import { createSteppingClock } from '../../support/fixtures.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { recordWrites } from '../../support/recorded-writes.ts';

test('a webhook is created only if it is absent, and changed and deleted under its version', async () => {
  const clock = createSteppingClock();
  const { store, takeTransactions } = recordWrites(createMemoryStore({ now: clock.now }));
  const webhooks = webhookStore({ store, clock, deadlineMs: Number.POSITIVE_INFINITY });
  const input = { url: 'https://shop.example/', events: ['order.paid'] };
  await webhooks.create(input, { id: 'a', body_hash: 'hash', hasKey: true });
  for (let failure = 0; failure < 3; failure++)
    await webhooks.recordResult('a', { succeeded: false, reason: 'HTTP 500' });
  clock.pass(11_000);
  await webhooks.admit('a');
  await webhooks.recordResult('a', { succeeded: true });
  await webhooks.recordTest('a', { event_id: 't', succeeded: true, result: 'HTTP 200', at: '2026-01-01T12:00:00Z' });
  await webhooks.enable('a');
  await webhooks.remove('a');
  expect(takeTransactions()).toEqual([
    ['put WEBHOOKS a if absent', 'put WEBHOOK#a CREATED if absent, decides'],
    ...[1, 2, 3, 4, 5, 6, 7].map((version) => [`update WEBHOOKS a if version ${version}`]),
    ['delete WEBHOOKS a if version 8'],
  ]);
});

test('the result of a delivery to a deleted webhook writes nothing', async () => {
  const clock = createSteppingClock();
  const { store, takeTransactions } = recordWrites(createMemoryStore({ now: clock.now }));
  const webhooks = webhookStore({ store, clock, deadlineMs: Number.POSITIVE_INFINITY });
  await webhooks.recordResult('a', { succeeded: false, reason: 'HTTP 500' });
  expect(await webhooks.admit('a')).toBeUndefined();
  expect(takeTransactions()).toEqual([]);
});
