import { describe, expect, test } from 'vitest';
import { predictEffect } from '../../../bin/ops/dry-run-consumers.ts';
import { deliveriesOf } from '../../../bin/ops/webhooks-replay.ts';
import type { Row } from '../../../lambdas/shared/store/store.ts';
import {
  deadLetterWith,
  orderCreated,
  orderId,
  paymentAuthorized,
  tablesWith,
  ticketIssued,
} from '../../support/dlq-samples.ts';
import { orderEvent, webhookId } from '../../support/webhook-fixture.ts';

const id = webhookId('shop');
const webhookRow = (health: object = { failures: 0 }): Row => ({
  pk: 'WEBHOOKS',
  sk: id,
  id,
  url: 'https://shop.example/hook?token=secret',
  events: ['order.paid'],
  created_at: '2026-01-01T12:00:00.000Z',
  health,
  version: 1,
});

describe('a replay', () => {
  test('sends the events for which the webhook has registered, each once, with their first ids', () => {
    const nudged = { ...paymentAuthorized('2026-01-01T13:00:00.000Z'), nudge: 'n1' };
    const events = [orderCreated(), paymentAuthorized(), nudged, ticketIssued()];
    const deliveries = deliveriesOf(id, ['order.paid', 'order.finished'], events);
    expect(deliveries.map(({ webhook_id, event }) => [webhook_id, event.id])).toEqual([
      [id, `order.paid:${orderId}`],
      [id, `order.finished:${orderId}`],
    ]);
  });

  test('fails for an event that no order event is made from', () => {
    expect(() => deliveriesOf(id, ['order.paid'], [{ ...paymentAuthorized(), version: 2 }])).toThrow('version 2');
  });
});

describe('a dead letter of webhook-deliveries', () => {
  const predict = async (rows: readonly Row[]) =>
    predictEffect(
      'webhook-deliveries',
      deadLetterWith({ webhook_id: id, event: orderEvent('a') }),
      await tablesWith({ webhooks: rows }),
    );

  test('would call its receiver, whose path is not shown', async () => {
    expect(await predict([webhookRow()])).toEqual({ effect: 'apply', reason: 'calls shop.example' });
  });

  test('would have no effect if its webhook was deleted', async () => {
    expect((await predict([])).effect).toBe('no_effect');
  });

  test('would fail again while its webhook is disabled', async () => {
    const disabled = { failures: 9, disabled_at: '2026-01-04T12:00:00.000Z' };
    expect(await predict([webhookRow(disabled)])).toMatchObject({ effect: 'fail_again' });
  });
});

describe('a dead letter of webhook-events', () => {
  const predict = async (rows: readonly Row[]) =>
    predictEffect('webhook-events', deadLetterWith(paymentAuthorized()), await tablesWith({ webhooks: rows }));

  test('would send a message for each webhook that gets it', async () => {
    expect(await predict([webhookRow()])).toEqual({ effect: 'apply', reason: 'sends 1 delivery message' });
  });

  test('would have no effect without such a webhook', async () => {
    expect(await predict([])).toEqual({ effect: 'no_effect', reason: 'no webhook gets this event' });
  });
});
