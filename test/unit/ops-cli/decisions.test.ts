import { describe, expect, test } from 'vitest';
import { effectOf } from '../../../bin/ops/decisions.ts';
import { effectsOf } from '../../../bin/ops/dlq-redrive.ts';
import { authorized, created, dead, orderId, tablesWith } from './samples.ts';

const noon = '2026-01-01T12:00:00.000Z';
const payment = {
  pk: `ORDER#${orderId}`,
  sk: 'PAYMENT',
  decided: 'declined',
  billed: 10,
  declined: 'insufficient_funds',
};
const placed = { id: orderId, user_id: 'alice', amount: 10, created_at: noon, updated_at: noon, version: 1 };
const order = (status: string) => ({
  ...{ pk: `ORDER#${orderId}`, sk: 'STATE', ...placed, status },
  ...(status === 'CANCELLED' ? { reason: 'insufficient_funds' } : {}),
});

describe('a dry run says that', () => {
  test('an order whose payment is open would be paid', async () => {
    const effect = await effectOf('order-payments', dead(created()), await tablesWith());
    expect(effect).toEqual({ would: 'apply', because: 'no payment is decided yet' });
  });

  test('a payment that is decided stays decided', async () => {
    const effect = await effectOf('order-payments', dead(created()), await tablesWith([payment]));
    expect(effect).toEqual({ would: 'no effect', because: 'decided: declined' });
  });

  test('a nudge is answered again from the decision', async () => {
    const nudge = { ...created(), nudge: 'n1' };
    expect(await effectOf('order-payments', dead(nudge), await tablesWith([payment]))).toMatchObject({
      would: 'apply',
    });
  });

  test('a payment moves an order that waits for it, and no other', async () => {
    const effects = await Promise.all(
      ['NEW', 'FINISHED', 'CANCELLED'].map(async (status) =>
        effectOf('payment-status', dead(authorized()), await tablesWith([], [order(status)])),
      ),
    );
    expect(effects.map(({ would }) => would)).toEqual(['apply', 'no effect', 'no effect']);
    expect(effects[1]?.because).toBe('decided: FINISHED');
  });

  test('an event about an order that is nowhere would fail again', async () => {
    const effect = await effectOf('payment-status', dead(authorized()), await tablesWith());
    expect(effect).toEqual({ would: 'fail again', because: `there is no order ${orderId}` });
  });

  test.each([
    ['not json', 'not our envelope'],
    [{ ...created(), version: 9 }, 'OrderCreated version 9 is unknown here'],
    [{ ...created(), data: { order_id: 1 } }, 'OrderCreated breaks its schema'],
    [authorized(), 'PaymentAuthorized is not for this queue'],
    [[created()], 'a list, and not one event'],
  ])('%j would fail again', async (body, because) => {
    expect(await effectOf('order-payments', dead(body), await tablesWith())).toEqual({ would: 'fail again', because });
  });

  test('parked events go to the bus', async () => {
    const effect = await effectOf('outbox-retry', dead([created(), authorized()]), await tablesWith());
    expect(effect).toEqual({ would: 'apply', because: '2 events to the bus' });
  });

  test('of a queue that it does not know, it does not know', async () => {
    expect(await effectOf('tomorrow', dead(created()), await tablesWith())).toMatchObject({ would: 'unknown' });
  });

  test('of two messages that say the same, only the first has an effect', async () => {
    const told = await effectsOf('order-payments', [dead(created()), dead(created())], await tablesWith());
    expect(told.map(({ effect }) => effect.would)).toEqual(['apply', 'no effect']);
  });
});
