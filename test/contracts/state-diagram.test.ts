import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { apply, type Order, type OrderEvent, type OrderState, place, refund } from '../../lambdas/orders/order.ts';

const id = 'a'.repeat(26);
const placed = place({ id, user_id: 'alice', amount: 10, created_at: '2026-01-01T12:00:00.000Z' });

/** All states, with each variant from which the saga proceeds differently. */
const states: OrderState[] = [
  { status: 'NEW' },
  { status: 'PAYMENT_AUTHORIZED' },
  { status: 'FINISHED' },
  { status: 'REFUNDING', refund_reason: 'seat_taken', pending: ['payment'] },
  { status: 'REFUNDING', refund_reason: 'requested', pending: ['payment', 'ticket'] },
  { status: 'REFUNDING', refund_reason: 'requested', pending: ['payment'] },
  { status: 'REFUNDING', refund_reason: 'requested', pending: ['ticket'] },
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

/** Creates an event with a type and a reason only. Nothing else of an event decides the next state. */
const createEvent = (type: string) => ({ type, data: { order_id: id, reason: 'seat_taken' } }) as unknown as OrderEvent;

/** Returns the transitions of the saga as lines of the diagram. */
function transitionsFrom(state: OrderState): string[] {
  const order: Order = { ...placed, ...state };
  const targets = [
    ...types.map((type) => ({ label: type, status: apply(order, createEvent(type))?.state.status })),
    { label: 'refund', status: refund(order)?.state.status },
  ].filter(({ status }) => status !== undefined);
  if (targets.length === 0) return [`${state.status} --> [*]`];
  return targets.map(({ label, status }) => `${state.status} --> ${status}: ${label}`);
}

test('the state diagram in the README of orders shows exactly the transitions of the saga', () => {
  const transitions = new Set(['[*] --> NEW', ...states.flatMap(transitionsFrom)]);
  const readme = readFileSync(new URL('../../lambdas/orders/README.md', import.meta.url), 'utf8');
  const diagram = /stateDiagram-v2\n([\s\S]*?)```/
    .exec(readme)?.[1]
    ?.split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  expect(diagram?.sort()).toEqual([...transitions].sort());
});
