import { describe, expect, test } from 'vitest';
import { listingOf, listingsTable } from '../../../bin/ops/dlq-list.ts';
import { matchesId } from '../../../bin/ops/dlq-show.ts';
import { authorized, created, dead, orderId } from '../../support/dlq-samples.ts';

const text = (StringValue: string) => ({ DataType: 'String', StringValue });

describe('a dead message tells', () => {
  test('what its consumer wrote at its burial', () => {
    const message = dead(created(), {
      MessageAttributes: {
        reason: text('Error: away'),
        first_received_at: text('2026-01-01T11:59:00.000Z'),
        last_received_at: text('2026-01-01T11:59:15.000Z'),
        receive_count: text('5'),
      },
    });
    expect(listingOf('order-payments', message, Date.UTC(2026, 0, 1, 12, 1))).toEqual({
      queue: 'order-payments',
      message_id: 'm1',
      reason: 'Error: away',
      type: 'OrderCreated',
      event_id: `OrderCreated:${orderId}`,
      events: 1,
      order_id: orderId,
      first_received_at: '2026-01-01T11:59:00.000Z',
      last_received_at: '2026-01-01T11:59:15.000Z',
      receive_count: 5,
      age_s: 60,
    });
  });

  test('that SQS moved it, where nobody was left to say why', () => {
    const Attributes = { SentTimestamp: '0', DeadLetterQueueSourceArn: 'arn' };
    expect(dead(created(), { Attributes }).reason).toMatch(/moved by SQS/);
  });

  test('that the bus could not deliver it; what goes back is our envelope, not the form of the bus', () => {
    const message = dead(
      { version: '0', 'detail-type': 'OrderCreated', detail: created() },
      { MessageAttributes: { ERROR_CODE: text('NO_PERMISSIONS'), ERROR_MESSAGE: text('denied') } },
    );
    expect(message.reason).toBe('the bus could not deliver it: NO_PERMISSIONS denied');
    expect(JSON.parse(message.body)).toEqual(created());
    expect(message.raw).toContain('detail-type');
  });

  test('all of the events that were parked together', () => {
    const message = dead([created(), authorized()]);
    expect(message.events.map(({ type }) => type)).toEqual(['OrderCreated', 'PaymentAuthorized']);
    expect(listingsTable([listingOf('outbox-retry', message, 0)])).toContain('OrderCreated +1');
    expect(matchesId(message, [authorized().id])).toBe(true);
  });

  test.each(['not json', '{"a":1}', '7', 'null', ''])('%j is listed too, and goes back as it is', (body) => {
    const message = dead(body);
    expect(message.body).toBe(body);
    expect(listingOf('q', message, 0)).toMatchObject({ type: null, order_id: null, events: 0 });
  });
});
