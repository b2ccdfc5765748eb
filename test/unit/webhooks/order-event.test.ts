import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Envelope } from '../../../events/envelope.ts';
import { createFanOutDeps } from '../../../lambdas/webhooks/deps.ts';
import { fanOut } from '../../../lambdas/webhooks/fan-out.ts';
import { handler as onWebhookEvents } from '../../../lambdas/webhooks/on-webhook-events.ts';
import { OrderEvent, orderEventTypes, type SourceEvent, toOrderEvent } from '../../../lambdas/webhooks/order-event.ts';
import type { Webhook } from '../../../lambdas/webhooks/webhook.ts';
import { webhookStore } from '../../../lambdas/webhooks/webhook-store.ts';
import { configOf } from '../../../lib/config.ts';
import { RecordingRules } from '../../support/event-rules.ts';
import { createSteppingClock } from '../../support/fixtures.ts';
import { createMemoryStore, overrideStore } from '../../support/memory-store.ts';
import { filesOf, textOf } from '../../support/source-tree.ts';

/** Messages of `webhook-events` are delayed for this time. */
const EVENT_DELAY_MS = 2000;

const kebabCase = (type: string) => type.replace(/(?<!^)[A-Z]/g, '-$&').toLowerCase();
const sampleOf = (type: string): SourceEvent =>
  JSON.parse(textOf(filesOf(`events/*/samples/${kebabCase(type)}.v1.json`)[0] ?? ''));
const internal = onWebhookEvents.events.map(({ type }) => type);
const recorded = (type: string, source: string) =>
  JSON.parse(readFileSync(`lambdas/webhooks/samples/${type}.from-${kebabCase(source)}.json`, 'utf8'));

describe('an order event', () => {
  test.each(internal)('that is made from %s is like its recorded sample', (source) => {
    const event = toOrderEvent(sampleOf(source));
    expect(JSON.parse(JSON.stringify(event))).toEqual(recorded(event.type, source));
    expect(OrderEvent.safeParse(event).success).toBe(true);
  });

  test('exists for each type that a webhook may name', () => {
    expect(new Set(internal.map((source) => toOrderEvent(sampleOf(source)).type))).toEqual(new Set(orderEventTypes));
  });

  test.each(internal)('that is made from %s names no user, no text of a customer and no balance', (source) => {
    const sample = sampleOf(source);
    const data = {
      ...sample.data,
      user_id: 'alice-smith',
      description: 'for Bob',
      balance_after: 987_654,
      note: 'private',
    };
    const text = JSON.stringify(toOrderEvent({ ...sample, data } as SourceEvent));
    expect(text).not.toMatch(/alice-smith|for Bob|987654|private|user_id|balance/);
  });

  test('has the same id if its internal event is repeated as a nudge', () => {
    const sample = sampleOf('PaymentAuthorized');
    expect(toOrderEvent({ ...sample, nudge: 'n1', time: '2027-01-01T00:00:00.000Z' }).id).toBe(toOrderEvent(sample).id);
  });

  test('has another id and a higher sequence than the events before it of the same order', () => {
    const histories = [
      ['OrderCreated', 'PaymentAuthorized', 'TicketIssued', 'PaymentRefunded'],
      ['OrderCreated', 'PaymentAuthorized', 'TicketRejected', 'PaymentRefunded'],
      ['OrderCreated', 'PaymentDeclined'],
    ];
    for (const history of histories) {
      const events = history.map((type) => {
        const sample = sampleOf(type);
        return toOrderEvent({ ...sample, data: { ...sample.data, order_id: 'a' } } as SourceEvent);
      });
      expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
      const sequences = events.map(({ sequence }) => sequence);
      expect(sequences).toEqual([...new Set(sequences)].toSorted((a, b) => a - b));
    }
  });
});

describe('the fan-out', () => {
  async function createFanOut(cachedForMs: number, webhooks: readonly Partial<Webhook>[]) {
    const clock = createSteppingClock();
    const memory = createMemoryStore({ now: clock.now });
    const queries: number[] = [];
    const table = overrideStore(memory, {
      write: () => Promise.reject(new Error('the fan-out writes nothing, so that an order costs no more')),
      query: (query) => {
        queries.push(clock.now());
        return memory.query(query);
      },
    });
    const rows = webhooks.map((webhook, index) => {
      const id = `w${index}`;
      const fields = { id, url: 'https://shop.example/', created_at: '2026-01-01T12:00:00.000Z', version: 1 };
      return { pk: 'WEBHOOKS', sk: id, ...fields, health: { failures: 0 }, ...webhook };
    });
    if (rows.length > 0)
      await memory.write(
        rows.map((row) => ({ op: 'put', row })),
        'rows',
      );
    const sent: string[] = [];
    const createSend = () => async (messages: readonly { body: string }[]) =>
      void sent.push(...messages.map(({ body }) => body));
    const rules = new RecordingRules();
    const createDeps = createFanOutDeps({ store: table, clock, createSend, createRules: () => rules, cachedForMs });
    const run = (event: Envelope) => fanOut(event as SourceEvent, createDeps({ deadlineMs: clock.now() + 5000 }));
    return { clock, memory, run, sent, queries, rules };
  }

  test('sends one message for each webhook that gets the event', async () => {
    const paid = { events: ['order.paid'] };
    const disabled = { ...paid, health: { failures: 9, disabled_at: '2026-01-01T12:00:00.000Z' } };
    const { run, sent } = await createFanOut(0, [paid, { events: ['order.created'] }, paid, disabled]);
    const sample = sampleOf('PaymentAuthorized');
    await run(sample);
    expect(sent.map((body) => JSON.parse(body))).toEqual(
      ['w0', 'w2'].map((webhook_id) => ({ webhook_id, event: JSON.parse(JSON.stringify(toOrderEvent(sample))) })),
    );
  });

  test('reads the webhooks once a second, and sends nothing to those that get other events', async () => {
    const { clock, run, sent, queries } = await createFanOut(1000, [{ events: ['order.paid'] }]);
    await Promise.all(Array.from({ length: 100 }, () => run(sampleOf('OrderCreated'))));
    clock.pass(999);
    await run(sampleOf('OrderCreated'));
    expect(queries).toHaveLength(1);
    clock.pass(1);
    await run(sampleOf('OrderCreated'));
    expect(queries).toHaveLength(2);
    expect(sent).toEqual([]);
    clock.pass(-60_000);
    await run(sampleOf('OrderCreated'));
    expect(queries).toHaveLength(3);
  });

  test('sends an event to a webhook that was created just before it', async () => {
    const { clock, run, sent, memory } = await createFanOut(configOf('prod').webhooks.cachedForMs, []);
    await run(sampleOf('PaymentAuthorized'));
    const webhooks = webhookStore({ store: memory, clock, deadlineMs: clock.now() + 5000 });
    const identity = { id: 'w', body_hash: 'hash', hasKey: true };
    await webhooks.create({ url: 'https://shop.example/', events: ['order.paid'] }, identity);
    clock.pass(EVENT_DELAY_MS);
    await run(sampleOf('PaymentAuthorized'));
    expect(sent).toHaveLength(1);
  });

  test('disables the rules of order events if there is no webhook, once in ten seconds', async () => {
    const { clock, run, queries, rules } = await createFanOut(1000, []);
    await Promise.all(Array.from({ length: 100 }, () => run(sampleOf('OrderCreated'))));
    expect(rules.changes).toEqual(['disable']);
    expect(queries).toHaveLength(3);
    clock.pass(10_000);
    await run(sampleOf('OrderCreated'));
    expect(rules.changes).toEqual(['disable', 'disable']);
  });

  test('sends the event if the rules cannot be enabled, which the next event tries again', async () => {
    const { run, rules, sent } = await createFanOut(0, [{ events: ['order.created'] }]);
    const { enable } = rules;
    rules.enable = () => Promise.reject(new Error('EventBridge is not available'));
    await run(sampleOf('OrderCreated'));
    expect(sent).toHaveLength(1);
    rules.enable = enable;
    await run(sampleOf('OrderCreated'));
    expect(rules.changes).toEqual(['enable']);
  });

  test('keeps the rules enabled for a webhook that is disabled or gets other events', async () => {
    const disabled = { events: ['order.created'], health: { failures: 9, disabled_at: '2026-01-01T12:00:00.000Z' } };
    for (const webhook of [disabled, { events: ['order.paid'] }] as const) {
      const { run, rules } = await createFanOut(0, [webhook] as readonly Partial<Webhook>[]);
      await run(sampleOf('OrderCreated'));
      await run(sampleOf('OrderCreated'));
      expect(rules.changes).toEqual(['enable']);
    }
  });
});
