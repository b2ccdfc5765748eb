import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { apply, type Order, type OrderEvent, type OrderState, place, refund } from '../../lambdas/orders/order.ts';

const id = 'a'.repeat(26);
const placed = place({ id, user_id: 'alice', amount: 10, created_at: '2026-01-01T12:00:00.000Z' });

/** Every state that there is, with what makes a difference inside it. */
const states: OrderState[] = [
  { status: 'NEW' },
  { status: 'PAYMENT_AUTHORIZED' },
  { status: 'FINISHED' },
  { status: 'REFUNDING', reason: 'seat_taken', pending: ['payment'] },
  { status: 'REFUNDING', reason: 'requested', pending: ['payment', 'ticket'] },
  { status: 'REFUNDING', reason: 'requested', pending: ['payment'] },
  { status: 'REFUNDING', reason: 'requested', pending: ['ticket'] },
  { status: 'CANCELLED', reason: 'sold_out' },
  { status: 'REFUNDED' },
];

const types = [
  'PaymentAuthorized',
  'PaymentDeclined',
  'PaymentRefunded',
  'TicketIssued',
  'TicketRejected',
  'TicketVoided',
] as const satisfies OrderEvent['type'][];

/** Only the type and the reason count for where an order goes. */
const eventOf = (type: string) => ({ type, data: { order_id: id, reason: 'seat_taken' } }) as unknown as OrderEvent;

test('the state diagram of orders is what the saga does', () => {
  const ways = new Set(['[*] --> NEW']);
  for (const state of states) {
    const order: Order = { ...placed, ...state };
    for (const type of types) {
      const next = apply(order, eventOf(type))?.state.status;
      if (next) ways.add(`${state.status} --> ${next}: ${type}`);
    }
    const undone = refund(order)?.state.status;
    if (undone) ways.add(`${state.status} --> ${undone}: refund`);
    const leads = types.some((type) => apply(order, eventOf(type))) || undone;
    if (!leads) ways.add(`${state.status} --> [*]`);
  }
  const readme = readFileSync(new URL('../../lambdas/orders/README.md', import.meta.url), 'utf8');
  const drawn = /stateDiagram-v2\n([\s\S]*?)```/
    .exec(readme)?.[1]
    ?.split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  expect(drawn?.sort()).toEqual([...ways].sort());
});
