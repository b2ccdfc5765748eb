import { expect, test } from 'vitest';
import type { Envelope } from '../../../events/envelope.ts';
import { PaymentAuthorized } from '../../../events/payments/payment-authorized.ts';
import { PaymentDeclined } from '../../../events/payments/payment-declined.ts';
import { TicketIssued } from '../../../events/tickets/ticket-issued.ts';
import type { Faults } from '../../support/faults.ts';
import { eventOfSize } from '../../support/fixtures.ts';
import { MemoryQueue } from '../../support/memory-queue.ts';
import { SimulatedBus } from '../../support/simulated-bus.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

function createBus(faults: Faults = {}) {
  const clock = virtualClock(1);
  const bus = new SimulatedBus({ clock, faults: () => faults });
  const settings = { visibilityMs: 1000, maxReceives: 5, batchSize: 10, maxConcurrency: 5 };
  const consumer = async () => ({ batchItemFailures: [] });
  const queue = new MemoryQueue(clock, { ...settings, faults: () => ({}), consumer });
  bus.subscribe(queue, [PaymentAuthorized, PaymentDeclined, TicketIssued]);
  const publish = async (...events: Envelope[]) => {
    const outcome = bus.putEvents(events).then(
      () => 'accepted',
      (error: Error) => error.message,
    );
    await clock.runUntil(() => queue.isIdle && clock.now() > 0);
    await clock.runUntil(() => false);
    return outcome;
  };
  const received = () => queue.receives.map(({ body }) => (JSON.parse(body) as Envelope).id);
  return { bus, publish, received };
}

const eventFrom = (source: string, type: string): Envelope => ({
  ...eventOfSize('e', 1),
  id: `${source}:${type}`,
  source,
  type,
});

test('an event reaches a queue only if one of its rules has both its source and its type', async () => {
  const { publish, received } = createBus();
  await publish(
    eventFrom('payments', 'PaymentAuthorized'),
    eventFrom('payments', 'PaymentDeclined'),
    eventFrom('tickets', 'TicketIssued'),
    eventFrom('tickets', 'PaymentAuthorized'),
    eventFrom('payments', 'TicketIssued'),
    eventFrom('payments', 'PaymentRefunded'),
  );
  expect(received()).toEqual(['payments:PaymentAuthorized', 'payments:PaymentDeclined', 'tickets:TicketIssued']);
});

test('a request above the limits of PutEvents is refused as a whole', async () => {
  const { publish, bus } = createBus();
  const eleven = Array.from({ length: 11 }, (_, index) => eventOfSize(`e${index}`, 1));
  expect(await publish(...eleven)).toMatch('PutEvents takes 10 entries');
  expect(await publish(eventOfSize('large', 200 * 1024), eventOfSize('other', 60 * 1024))).toMatch('PutEvents takes');
  expect(await publish(eventOfSize('large', 200 * 1024), eventOfSize('other', 50 * 1024))).toBe('accepted');
  expect(bus.published).toHaveLength(2);
});

test('a lost event is accepted and reaches no queue', async () => {
  const { publish, received, bus } = createBus({ loses: ({ type }) => type === 'PaymentDeclined' });
  const events = [eventFrom('payments', 'PaymentAuthorized'), eventFrom('payments', 'PaymentDeclined')];
  expect(await publish(...events)).toBe('accepted');
  expect(received()).toEqual(['payments:PaymentAuthorized']);
  expect(bus.published).toEqual([events[0]]);
});
