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
const returned = PaymentRefunded.make({ order_id: id, user_id: 'alice', amount: 10, balance_after: 10 }, cause);
const issued = TicketIssued.make({ order_id: id, ticket_id: 't' }, cause);
const rejected = TicketRejected.make({ order_id: id, reason: 'seat_taken', sku: 'show', seat: 'A1' }, cause);
const voided = TicketVoided.make({ order_id: id, ticket_id: 't' }, cause);

const asked = (reason: 'requested' | 'seat_taken') => ({ order_id: id, user_id: 'alice', amount: 10, reason });
const refunding = (reason: 'requested' | 'seat_taken', ...pending: ('payment' | 'ticket')[]): Order =>
  order({ status: 'REFUNDING', reason, pending });
const saga = given((state: Order, event: OrderEvent) => apply(state, event));

describe('a new order', () => {
  const fresh = order({ status: 'NEW' });
  test('is authorized by its payment', () =>
    saga(fresh)
      .when(authorized)
      .gives({ state: { status: 'PAYMENT_AUTHORIZED' } }));
  test('is cancelled when its payment is declined, with the reason', () =>
    saga(fresh)
      .when(declined)
      .gives({ state: { status: 'CANCELLED', reason: 'insufficient_funds' } }));
  test('is finished by a ticket that was faster than the word of its payment', () =>
    saga(fresh)
      .when(issued)
      .gives({ state: { status: 'FINISHED' } }));
  test('is undone by a refusal that was faster than the word of its payment', () =>
    saga(fresh)
      .when(rejected)
      .gives({
        state: { status: 'REFUNDING', reason: 'seat_taken', pending: ['payment'] },
        refund: asked('seat_taken'),
      }));
  test.each([returned, voided])('is not moved by $type', (event) => saga(fresh).when(event).changesNothing());
});

describe('an order that is paid', () => {
  const paid = order({ status: 'PAYMENT_AUTHORIZED' });
  test('is finished by its ticket', () =>
    saga(paid)
      .when(issued)
      .gives({ state: { status: 'FINISHED' } }));
  test('is undone when its ticket is refused: the money is asked back', () =>
    saga(paid)
      .when(rejected)
      .gives({
        state: { status: 'REFUNDING', reason: 'seat_taken', pending: ['payment'] },
        refund: asked('seat_taken'),
      }));
  test.each([authorized, declined, returned, voided])('is not moved by $type', (event) =>
    saga(paid).when(event).changesNothing(),
  );
});

describe('an order that is being undone', () => {
  test('for want of a ticket is cancelled with the reason once the money is back', () =>
    saga(refunding('seat_taken', 'payment'))
      .when(returned)
      .gives({ state: { status: 'CANCELLED', reason: 'seat_taken' } }));
  test('because somebody asked waits for the ticket when the money is back first', () =>
    saga(refunding('requested', 'payment', 'ticket'))
      .when(returned)
      .gives({ state: { status: 'REFUNDING', reason: 'requested', pending: ['ticket'] } }));
  test('because somebody asked waits for the money when the ticket is void first', () =>
    saga(refunding('requested', 'payment', 'ticket'))
      .when(voided)
      .gives({ state: { status: 'REFUNDING', reason: 'requested', pending: ['payment'] } }));
  test.each([
    [voided, 'ticket'],
    [returned, 'payment'],
  ] as const)('is refunded when %o comes last', (event, left) =>
    saga(refunding('requested', left))
      .when(event)
      .gives({ state: { status: 'REFUNDED' } }),
  );
  test.each([authorized, declined, issued, rejected])('is not moved by $type, which comes late or again', (event) =>
    saga(refunding('requested', 'payment', 'ticket'))
      .when(event)
      .changesNothing(),
  );
  test('does not take the same return twice', () =>
    saga(refunding('requested', 'ticket')).when(returned).changesNothing());
});

describe.each([
  order({ status: 'FINISHED' }),
  order({ status: 'CANCELLED', reason: 'sold_out' }),
  order({ status: 'REFUNDED' }),
])('an order that is $status', (ended) => {
  test.each([authorized, declined, returned, issued, rejected, voided])('is not moved by $type', (event) =>
    saga(ended).when(event).changesNothing(),
  );
});

describe('a refund that somebody asks for', () => {
  test('undoes a finished order, with the word of whoever asked', () =>
    expect(refund(order({ status: 'FINISHED' }), 'too late')).toEqual({
      state: { status: 'REFUNDING', reason: 'requested', pending: ['payment', 'ticket'] },
      refund: { ...asked('requested'), note: 'too late' },
    }));
  test.each([
    order({ status: 'NEW' }),
    order({ status: 'PAYMENT_AUTHORIZED' }),
    refunding('requested', 'payment', 'ticket'),
    order({ status: 'CANCELLED', reason: 'sold_out' }),
    order({ status: 'REFUNDED' }),
  ])('is none for an order that is $status', (state) => expect(refund(state)).toBeUndefined());
});

describe('all that can happen to an order, in any order and twice over', () => {
  /** Delivers what is under way in every possible way, each message at most twice, and looks at every end. */
  function everyEnd(
    state: Order,
    pool: readonly OrderEvent[],
    then: (state: Order) => readonly OrderEvent[],
  ): Set<string> {
    const ends = new Set<string>();
    const walk = (at: Order, waiting: readonly OrderEvent[], seen: readonly OrderEvent[], refunds: number): void => {
      if (waiting.length === 0 || seen.length === 6) {
        if (waiting.length === 0) ends.add(`${at.status}, ${refunds} refund asked for`);
        return;
      }
      const again = seen.filter((event) => seen.indexOf(event) === seen.lastIndexOf(event));
      for (const event of [...waiting, ...again]) {
        const step = apply(at, event);
        const next = step ? { ...at, ...step.state } : at;
        const more = step?.refund ? then(next) : [];
        const left = waiting.filter((one) => one !== event);
        walk(next as Order, [...left, ...more], [...seen, event], refunds + (step?.refund ? 1 : 0));
      }
    };
    walk(state, pool, [], 0);
    return ends;
  }
  const fresh = order({ status: 'NEW' });

  test('paid and issued: it is finished', () => {
    const ends = everyEnd(fresh, [authorized, issued], () => []);
    expect([...ends]).toEqual(['FINISHED, 0 refund asked for']);
  });

  test('paid and refused: the money is asked back once, and it is cancelled', () => {
    const ends = everyEnd(fresh, [authorized, rejected], () => [returned]);
    expect([...ends]).toEqual(['CANCELLED, 1 refund asked for']);
  });

  test('declined: it is cancelled', () => {
    expect([...everyEnd(fresh, [declined], () => [])]).toEqual(['CANCELLED, 0 refund asked for']);
  });

  test('refunded while the words of its making are still under way: it is refunded', () => {
    const undone = { ...fresh, ...refund(order({ status: 'FINISHED' }))?.state } as Order;
    const ends = everyEnd(undone, [authorized, issued, returned, voided], () => []);
    expect([...ends]).toEqual(['REFUNDED, 0 refund asked for']);
  });
});

test('a sweep asks again for what an order still waits for, and for nothing else', () => {
  expect(isWaitingFor({ status: 'NEW' }, 'OrderCreated')).toBe(true);
  expect(isWaitingFor({ status: 'PAYMENT_AUTHORIZED' }, 'OrderCreated')).toBe(true);
  expect(isWaitingFor({ status: 'FINISHED' }, 'OrderCreated')).toBe(false);
  expect(isWaitingFor(refunding('requested', 'ticket'), 'RefundRequested')).toBe(true);
  expect(isWaitingFor(refunding('requested', 'ticket'), 'OrderCreated')).toBe(false);
  expect(isWaitingFor({ status: 'REFUNDED' }, 'RefundRequested')).toBe(false);
});
