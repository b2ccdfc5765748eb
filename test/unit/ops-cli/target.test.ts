import { expect, test } from 'vitest';
import { createTarget } from '../../../bin/ops/target.ts';

test('a target adds the prefix of its stage to names, and removes it', () => {
  const target = createTarget({ stage: 'local', onAws: false });
  expect(target.name('orders')).toBe('oncebox-local-orders');
  expect(target.name()).toBe('oncebox-local');
  expect(target.short('oncebox-local-order-payments-dlq')).toBe('order-payments-dlq');
  expect(target.short('order-payments')).toBe('order-payments');
});
