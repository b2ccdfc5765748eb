import { describe, expect, test } from 'vitest';
import { predictEffect } from '../../../bin/ops/dry-run-consumers.ts';
import { describeKey } from '../../../bin/ops/webhook-key.ts';
import { formatKey } from '../../../bin/ops/webhooks-list.ts';
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

describe('the key of the secrets', () => {
  const DAY_MS = 24 * 3_600_000;
  const createdMs = Date.parse('2026-01-01T00:00:00Z');

  test('is shown with its age and its next rotation', () => {
    const key = describeKey(createdMs, false, 90, createdMs + 12.5 * DAY_MS);
    expect(key).toEqual({
      created_at: '2026-01-01T00:00:00.000Z',
      age_days: 12,
      rotates_at: '2026-04-01T00:00:00.000Z',
      previous_valid_until: null,
    });
    expect(formatKey(key)).toBe('The key of the secrets is 12 days old. It is replaced on 2026-04-01.');
  });

  test('is shown with the time until which the secrets from before it are valid', () => {
    const key = describeKey(createdMs, true, 90, createdMs);
    expect(key.previous_valid_until).toBe('2026-04-01T00:00:00.000Z');
    expect(formatKey(key)).toContain('Until then, the secrets from before it are valid too');
  });
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
