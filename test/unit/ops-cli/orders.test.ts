import { describe, expect, test } from 'vitest';
import { formatOrder } from '../../../bin/ops/orders-show.ts';
import { formatWorkflow, type Workflow } from '../../../bin/ops/orders-workflow.ts';

const timeAt = (second: number) => `2026-01-01T12:00:0${second}.000Z`;
const workflow: Workflow = {
  order: { id: 'o1', status: 'PAYMENT_AUTHORIZED' },
  steps: [
    { name: 'placed', status: 'done', at: timeAt(0) },
    { name: 'payment', status: 'done', at: timeAt(1) },
    { name: 'ticket', status: 'active' },
    { name: 'refund', status: 'pending' },
  ],
  outbox: [
    { id: 'OrderCreated:o1', type: 'OrderCreated', source: 'orders', created_at: timeAt(0), causation_id: 'r1' },
  ],
  inbox: [
    {
      ...{ type: 'OrderCreated', consumer: 'order-payments', created_at: timeAt(0), status: 'done' },
      ...{ published_at: timeAt(0), received_at: timeAt(1), processed_at: timeAt(1), receive_count: 2 },
    },
    {
      ...{ type: 'PaymentAuthorized', consumer: 'payment-status', created_at: timeAt(1) },
      ...{ status: 'superseded', reason: 'Error: y' },
    },
    {
      ...{ type: 'PaymentAuthorized', consumer: 'ticket-issuing', created_at: timeAt(1) },
      ...{ status: 'dead', reason: 'PoisonMessage: x' },
    },
  ],
  decisions: [{ step: 'PAYMENT', decision: 'authorized', at: timeAt(1) }],
  expired: false,
};

describe('orders workflow', () => {
  test('shows steps, events, deliveries and decisions in this order', () => {
    expect(formatWorkflow(workflow)).toBe(
      `
o1 is PAYMENT_AUTHORIZED

✓ placed   2026-01-01 12:00:00.000
✓ payment  2026-01-01 12:00:01.000
… ticket
· refund

outbox        source  created                  caused by
OrderCreated  orders  2026-01-01 12:00:00.000  r1

inbox              consumer        status                  published     received      processed     receives
OrderCreated       order-payments  done                    12:00:00.000  12:00:01.000  12:00:01.000  2
PaymentAuthorized  payment-status  superseded: Error: y    -             -             -             -
PaymentAuthorized  ticket-issuing  dead: PoisonMessage: x  -             -             -             -

step     decision    decided
PAYMENT  authorized  2026-01-01 12:00:01.000
`.trim(),
    );
  });

  test('shows the reason of a cancelled order, and that events have expired', () => {
    const text = formatWorkflow({
      ...workflow,
      order: { id: 'o1', status: 'CANCELLED', reason: 'sold_out' },
      steps: [
        { name: 'ticket', status: 'failed' },
        { name: 'refund', status: 'skipped' },
      ],
      expired: true,
    });
    expect(text).toMatch(/^o1 is CANCELLED: sold_out\n\n✗ ticket\n– refund\n/);
    expect(text).toContain('The events have expired. The decisions remain:');
  });
});

describe('orders show', () => {
  test('shows one field per line', () => {
    expect(formatOrder({ id: 'o1', user_id: 'alice', items: [{ sku: 'gig', quantity: 1 }] }).split('\n')).toEqual([
      'id       o1',
      'user id  alice',
      'items    [{"sku":"gig","quantity":1}]',
    ]);
  });
});
