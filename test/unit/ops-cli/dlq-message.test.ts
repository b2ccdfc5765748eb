import { describe, expect, test } from 'vitest';
import { formatEntries, toEntry } from '../../../bin/ops/dlq-list.ts';
import { hasId } from '../../../bin/ops/dlq-show.ts';
import { deadLetterWith, orderCreated, orderId, paymentAuthorized } from '../../support/dlq-samples.ts';

const text = (StringValue: string) => ({ DataType: 'String', StringValue });

describe('a dead letter', () => {
  test('shows the attributes that its consumer has set', () => {
    const message = deadLetterWith(orderCreated(), {
      MessageAttributes: {
        reason: text('Error: away'),
        first_received_at: text('2026-01-01T11:59:00.000Z'),
        last_received_at: text('2026-01-01T11:59:15.000Z'),
        receive_count: text('5'),
      },
    });
    expect(toEntry('order-payments', message, Date.UTC(2026, 0, 1, 12, 1))).toEqual({
      queue: 'order-payments',
      message_id: 'm1',
      reason: 'Error: away',
      type: 'OrderCreated',
      event_id: `OrderCreated:${orderId}`,
      event_count: 1,
      order_id: orderId,
      first_received_at: '2026-01-01T11:59:00.000Z',
      last_received_at: '2026-01-01T11:59:15.000Z',
      receive_count: 5,
      age_s: 60,
    });
  });

  test('says that SQS moved it if its consumer gave no reason', () => {
    const Attributes = { SentTimestamp: '0', DeadLetterQueueSourceArn: 'arn' };
    expect(deadLetterWith(orderCreated(), { Attributes }).reason).toMatch(/^moved by SQS/);
  });

  test('holds only the event envelope as its body if EventBridge could not deliver it', () => {
    const message = deadLetterWith(
      { version: '0', 'detail-type': 'OrderCreated', detail: orderCreated() },
      { MessageAttributes: { ERROR_CODE: text('NO_PERMISSIONS'), ERROR_MESSAGE: text('denied') } },
    );
    expect(message.reason).toBe('EventBridge could not deliver it: NO_PERMISSIONS denied');
    expect(JSON.parse(message.body)).toEqual(orderCreated());
    expect(message.raw).toContain('detail-type');
  });

  test('lists all events that were parked together', () => {
    const message = deadLetterWith([orderCreated(), paymentAuthorized()]);
    expect(message.events.map(({ type }) => type)).toEqual(['OrderCreated', 'PaymentAuthorized']);
    expect(formatEntries([toEntry('outbox-retry', message, 0)])).toContain('OrderCreated +1');
    expect(hasId(message, [paymentAuthorized().id])).toBe(true);
  });

  test.each(['not json', '{"a":1}', '7', 'null', ''])('keeps its body %j if that is not an envelope', (body) => {
    const message = deadLetterWith(body);
    expect(message.body).toBe(body);
    expect(toEntry('q', message, 0)).toMatchObject({ type: null, order_id: null, event_count: 0 });
  });
});
