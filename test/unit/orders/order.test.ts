import { describe, expect, test } from 'vitest';
import { PaymentAuthorized } from '../../../events/payments/payment-authorized.ts';
import { PaymentDeclined } from '../../../events/payments/payment-declined.ts';
import { PaymentRefunded } from '../../../events/payments/payment-refunded.ts';
import { TicketIssued } from '../../../events/tickets/ticket-issued.ts';
import { TicketRejected } from '../../../events/tickets/ticket-rejected.ts';
import { TicketVoided } from '../../../events/tickets/ticket-voided.ts';
import {
  apply,
  isWaitingFor,
  type Order,
  type OrderEvent,
  type OrderState,
  place,
  refund,
} from '../../../lambdas/orders/order.ts';
import { given } from '../../support/given.ts';

const id = 'a'.repeat(26);
const placed = place({ id, user_id: 'alice', amount: 10, created_at: '2026-01-01T12:00:00.000Z' });
const order = (state: OrderState): Order => ({ ...placed, ...state });
const cause = { time: '2026-01-01T12:00:01.000Z', correlation_id: id, causation_id: 'test' };

const authorized = PaymentAuthorized.make({ order_id: id, user_id: 'alice', amount: 10, balance_after: 0 }, cause);
const declined = PaymentDeclined.make(
  { order_id: id, user_id: 'alice', amount: 10, reason: 'insufficient_funds' },
  cause,
);
const refunded = PaymentRefunded.make({ order_id: id, user_id: 'alice', amount: 10, balance_after: 10 }, cause);
const issued = TicketIssued.make({ order_id: id, ticket_id: 't' }, cause);
const rejected = TicketRejected.make({ order_id: id, reason: 'seat_taken', sku: 'show', seat: 'A1' }, cause);
const voided = TicketVoided.make({ order_id: id, ticket_id: 't' }, cause);

const refundRequest = (reason: 'requested' | 'seat_taken') => ({ order_id: id, user_id: 'alice', amount: 10, reason });
const refunding = (reason: 'requested' | 'seat_taken', ...pending: ('payment' | 'ticket')[]): Order =>
  order({ status: 'REFUNDING', refund_reason: reason, pending });
const saga = given((state: Order, event: OrderEvent) => apply(state, event));

describe('a NEW order', () => {
  const newOrder = order({ status: 'NEW' });
  test('becomes PAYMENT_AUTHORIZED when its payment is authorized', () =>
    saga(newOrder)
      .when(authorized)
      .gives({ state: { status: 'PAYMENT_AUTHORIZED' } }));
  test('becomes CANCELLED with the reason when its payment is declined', () =>
    saga(newOrder)
      .when(declined)
      .gives({ state: { status: 'CANCELLED', reason: 'insufficient_funds' } }));
  test('becomes FINISHED when TicketIssued arrives before PaymentAuthorized', () =>
    saga(newOrder)
      .when(issued)
      .gives({ state: { status: 'FINISHED' } }));
  test('becomes REFUNDING when TicketRejected arrives before PaymentAuthorized', () =>
    saga(newOrder)
      .when(rejected)
      .gives({
        state: { status: 'REFUNDING', refund_reason: 'seat_taken', pending: ['payment'] },
        refund: refundRequest('seat_taken'),
      }));
  test.each([refunded, voided])('ignores $type', (event) => saga(newOrder).when(event).changesNothing());
});

describe('a PAYMENT_AUTHORIZED order', () => {
  const paid = order({ status: 'PAYMENT_AUTHORIZED' });
  test('becomes FINISHED when its ticket is issued', () =>
    saga(paid)
      .when(issued)
      .gives({ state: { status: 'FINISHED' } }));
  test('becomes REFUNDING and requests a refund when its ticket is rejected', () =>
    saga(paid)
      .when(rejected)
      .gives({
        state: { status: 'REFUNDING', refund_reason: 'seat_taken', pending: ['payment'] },
        refund: refundRequest('seat_taken'),
      }));
  test.each([authorized, declined, refunded, voided])('ignores $type', (event) =>
    saga(paid).when(event).changesNothing(),
  );
});

describe('a REFUNDING order', () => {
  test('becomes CANCELLED with the reason when a payment without a ticket is refunded', () =>
    saga(refunding('seat_taken', 'payment'))
      .when(refunded)
      .gives({ state: { status: 'CANCELLED', reason: 'seat_taken' } }));
  test('waits for the ticket when a requested refund returns the payment first', () =>
    saga(refunding('requested', 'payment', 'ticket'))
      .when(refunded)
      .gives({ state: { status: 'REFUNDING', refund_reason: 'requested', pending: ['ticket'] } }));
  test('waits for the payment when a requested refund voids the ticket first', () =>
    saga(refunding('requested', 'payment', 'ticket'))
      .when(voided)
      .gives({ state: { status: 'REFUNDING', refund_reason: 'requested', pending: ['payment'] } }));
  test.each([
    [voided, 'ticket'],
    [refunded, 'payment'],
  ] as const)('becomes REFUNDED when %o completes the requested refund', (event, pending) =>
    saga(refunding('requested', pending))
      .when(event)
      .gives({ state: { status: 'REFUNDED' } }),
  );
  test.each([authorized, declined, issued, rejected])('ignores a late or duplicate $type', (event) =>
    saga(refunding('requested', 'payment', 'ticket'))
      .when(event)
      .changesNothing(),
  );
  test('ignores a duplicate PaymentRefunded', () =>
    saga(refunding('requested', 'ticket')).when(refunded).changesNothing());
});

describe.each([
  order({ status: 'FINISHED' }),
  order({ status: 'CANCELLED', reason: 'sold_out' }),
  order({ status: 'REFUNDED' }),
])('a $status order', (ended) => {
  test.each([authorized, declined, refunded, issued, rejected, voided])('ignores every later $type', (event) =>
    saga(ended).when(event).changesNothing(),
  );
});

describe('a requested refund', () => {
  test('reverses a FINISHED order and publishes the note', () =>
    expect(refund(order({ status: 'FINISHED' }), 'too late')).toEqual({
      state: { status: 'REFUNDING', refund_reason: 'requested', pending: ['payment', 'ticket'] },
      refund: { ...refundRequest('requested'), note: 'too late' },
    }));
  test.each([
    order({ status: 'NEW' }),
    order({ status: 'PAYMENT_AUTHORIZED' }),
    refunding('requested', 'payment', 'ticket'),
    order({ status: 'CANCELLED', reason: 'sold_out' }),
    order({ status: 'REFUNDED' }),
  ])('does not change a $status order', (state) => expect(refund(state)).toBeUndefined());
});

describe('an order whose events are delivered in any sequence, each at most twice', () => {
  const MAX_DELIVERIES = 6;

  /** Walks through every sequence of deliveries and returns the distinct outcomes. */
  function findOutcomes(
    start: Order,
    events: readonly OrderEvent[],
    answerRefund: () => readonly OrderEvent[],
  ): Set<string> {
    const outcomes = new Set<string>();
    const walk = (state: Order, waiting: readonly OrderEvent[], seen: readonly OrderEvent[], refunds: number): void => {
      if (waiting.length === 0 || seen.length === MAX_DELIVERIES) {
        if (waiting.length === 0) outcomes.add(`${state.status}, refunds requested: ${refunds}`);
        return;
      }
      const seenOnce = seen.filter((event) => seen.indexOf(event) === seen.lastIndexOf(event));
      for (const event of [...waiting, ...seenOnce]) {
        const step = apply(state, event);
        const next = step ? { ...state, ...step.state } : state;
        const answers = step?.refund ? answerRefund() : [];
        const remaining = waiting.filter((other) => other !== event);
        walk(next as Order, [...remaining, ...answers], [...seen, event], refunds + (step?.refund ? 1 : 0));
      }
    };
    walk(start, events, [], 0);
    return outcomes;
  }
  const newOrder = order({ status: 'NEW' });

  test('is FINISHED if the payment is authorized and the ticket issued', () => {
    const outcomes = findOutcomes(newOrder, [authorized, issued], () => []);
    expect([...outcomes]).toEqual(['FINISHED, refunds requested: 0']);
  });

  test('is CANCELLED after one refund if the payment is authorized and the ticket rejected', () => {
    const outcomes = findOutcomes(newOrder, [authorized, rejected], () => [refunded]);
    expect([...outcomes]).toEqual(['CANCELLED, refunds requested: 1']);
  });

  test('is CANCELLED if the payment is declined', () => {
    expect([...findOutcomes(newOrder, [declined], () => [])]).toEqual(['CANCELLED, refunds requested: 0']);
  });

  test('is REFUNDED if the events of payment and ticket arrive during the refund', () => {
    const refundingOrder = { ...newOrder, ...refund(order({ status: 'FINISHED' }))?.state } as Order;
    const outcomes = findOutcomes(refundingOrder, [authorized, issued, refunded, voided], () => []);
    expect([...outcomes]).toEqual(['REFUNDED, refunds requested: 0']);
  });
});

test('isWaitingFor returns true only for the event whose outcome the order still needs', () => {
  expect(isWaitingFor({ status: 'NEW' }, 'OrderCreated')).toBe(true);
  expect(isWaitingFor({ status: 'PAYMENT_AUTHORIZED' }, 'OrderCreated')).toBe(true);
  expect(isWaitingFor({ status: 'FINISHED' }, 'OrderCreated')).toBe(false);
  expect(isWaitingFor(refunding('requested', 'ticket'), 'RefundRequested')).toBe(true);
  expect(isWaitingFor(refunding('requested', 'ticket'), 'OrderCreated')).toBe(false);
  expect(isWaitingFor({ status: 'REFUNDED' }, 'RefundRequested')).toBe(false);
});
