import { describe, expect, test } from 'vitest';
import { PaymentAuthorized } from '../../../events/payments/payment-authorized.ts';
import { PaymentDeclined } from '../../../events/payments/payment-declined.ts';
import { apply, type OrderEvent, type OrderState, place } from '../../../lambdas/orders/order.ts';
import { given } from '../../support/given.ts';

const cause = { time: '2026-01-01T00:00:01Z', correlation_id: 'order', causation_id: 'OrderCreated:order' };
const bill = { order_id: 'a'.repeat(26), user_id: 'alice', amount: 10 };
const authorized = PaymentAuthorized.make({ ...bill, balance_after: 0 }, cause) as OrderEvent;
const declined = (reason: 'insufficient_funds' | 'account_not_found') =>
  PaymentDeclined.make({ ...bill, reason }, cause) as OrderEvent;
const order = given<OrderState, OrderEvent, OrderState | undefined>(apply);

const fresh: OrderState = { status: 'NEW' };
const finished: OrderState = { status: 'FINISHED' };
const cancelled: OrderState = { status: 'CANCELLED', reason: 'insufficient_funds' };

describe('an order that is new', () => {
  test('is finished when it is paid', () => {
    order(fresh).when(authorized).gives({ status: 'FINISHED' });
  });

  test.each(['insufficient_funds', 'account_not_found'] as const)(
    'is cancelled when payment is declined: %s',
    (reason) => {
      order(fresh).when(declined(reason)).gives({ status: 'CANCELLED', reason });
    },
  );
});

describe('an order that has ended', () => {
  test.each([
    ['finished, and is told again that it is paid', finished, authorized],
    ['finished, and hears late of a refusal', finished, declined('insufficient_funds')],
    ['cancelled, and is told again that payment was declined', cancelled, declined('insufficient_funds')],
    ['cancelled, and hears of another reason', cancelled, declined('account_not_found')],
    ['cancelled, and hears late that it is paid', cancelled, authorized],
  ])('is left as it is: %s', (_, state, event) => {
    order(state).when(event).changesNothing();
  });
});

describe('placing an order', () => {
  const placed = { id: 'a'.repeat(26), user_id: 'alice', amount: 10, created_at: '2026-01-01T00:00:00Z' };

  test('makes it new, at its first version, updated when it was created', () => {
    expect(place(placed)).toEqual({ ...placed, status: 'NEW', version: 1, updated_at: placed.created_at });
  });

  test('tells it as it was then, whatever has become of it since', () => {
    const since = { ...placed, ...cancelled, version: 2, updated_at: '2026-01-02T00:00:00Z' };
    expect(place(since)).toEqual(place(placed));
  });

  test('keeps what the customer said of it', () => {
    const said = { ...placed, description: 'Gift', metadata: { to: 'bob' } };
    expect(place(said)).toMatchObject(said);
  });
});
