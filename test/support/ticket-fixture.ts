import { ProductChanged } from '../../events/catalog/product-changed.ts';
import type { Envelope } from '../../events/envelope.ts';
import type { Item } from '../../events/items.ts';
import { RefundRequested } from '../../events/orders/refund-requested.ts';
import { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { MAX_FAILURES } from '../../lambdas/shared/messaging/settle.ts';
import { parseOutboxRecord } from '../../lambdas/shared/outbox/outbox-record.ts';
import { type Store, type Write, withConflicts } from '../../lambdas/shared/store/store.ts';
import { handler as onOrderRefundsTickets } from '../../lambdas/tickets/on-order-refunds-tickets.ts';
import { handler as onProductChanges } from '../../lambdas/tickets/on-product-changes.ts';
import { handler as onTicketIssuing } from '../../lambdas/tickets/on-ticket-issuing.ts';
import { ticketStore } from '../../lambdas/tickets/ticket-store.ts';
import { createSteppingClock, noChaos, noon, RecordingQueue, sqsRecord } from './fixtures.ts';
import { createMemoryStore, overrideStore } from './memory-store.ts';

const TIMEOUT_MS = 60_000;
const time = new Date(noon).toISOString();

export const orderId = (letter: string) => letter.repeat(26);
const causeOf = (letter: string, nudge?: string) => ({
  time,
  correlation_id: orderId(letter),
  causation_id: 'cause',
  nudge,
});

export const paymentAuthorized = (letter: string, items?: Item[], nudge?: string) =>
  PaymentAuthorized.make(
    { order_id: orderId(letter), user_id: 'alice', amount: 10, balance_after: 0, items },
    causeOf(letter, nudge),
  );
export const refundRequested = (letter: string, nudge?: string) =>
  RefundRequested.make(
    { order_id: orderId(letter), user_id: 'alice', amount: 10, reason: 'requested' },
    causeOf(letter, nudge),
  );
export const productChanged = (sku: string, capacity: number, version = 1) =>
  ProductChanged.make({ sku, name: sku, price: 10, capacity, version }, { ...causeOf('p'), correlation_id: 'put' });

/**
 * Creates the handlers of tickets on a memory store that records every transaction. `random` returns a number for each
 * write; below 0.3, the write fails with a transaction conflict.
 */
export async function createTicketFixture(capacities: Readonly<Record<string, number>> = {}, random?: () => number) {
  const table = createMemoryStore({ now: () => noon });
  const transactions: (readonly Write[])[] = [];
  let interruption: (() => Promise<unknown>) | undefined;
  const recordingStore: Store = overrideStore(table, {
    write: async (writes, token) => {
      const interrupt = interruption;
      interruption = undefined;
      await interrupt?.();
      await table.write(writes, token);
      transactions.push(writes);
    },
  });
  const store = random ? withConflicts(recordingStore, () => 0.3, random) : recordingStore;
  const clock = createSteppingClock();
  const queue = new RecordingQueue();
  const runtime = {
    createDeps: ({ deadlineMs }: { deadlineMs: number }) => ({ tickets: ticketStore({ store, clock, deadlineMs }) }),
    queue,
    clock,
    chaos: noChaos,
  };
  type Run = ReturnType<typeof onTicketIssuing.withRuntime>;
  /** Returns a function that handles events as one batch and returns the ids of the messages that failed. */
  const batchHandler =
    (run: Run, queueName: string, failures = 0) =>
    async (...events: Partial<Envelope>[]): Promise<string[]> => {
      // An event has waited for its prerequisite since it was published, or since noon.
      const Records = events.map((event, index) =>
        sqsRecord(`m${index}`, event, {
          sentAt: clock.now(),
          history: { failures, prerequisite_since: event.published_at ?? new Date(noon).toISOString() },
        }),
      );
      const { batchItemFailures } = await run({ Records }, queueName, TIMEOUT_MS);
      return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
    };
  const fixture = {
    table,
    transactions,
    queue,
    clock,
    issue: batchHandler(onTicketIssuing.withRuntime(runtime), 'ticket-issuing'),
    /** Runs `act` once, between the reads of the next plan and its write. */
    beforeNextWrite: (act: () => Promise<unknown>) => {
      interruption = act;
    },
    /** Handles messages that are dead-lettered if they fail once more. */
    issueAtLastReceive: batchHandler(onTicketIssuing.withRuntime(runtime), 'ticket-issuing', MAX_FAILURES - 1),
    refund: batchHandler(onOrderRefundsTickets.withRuntime(runtime), 'order-refunds-tickets'),
    setCapacity: batchHandler(onProductChanges.withRuntime(runtime), 'product-changes'),
    /** Returns the published events, of all types or of the given ones. */
    published: (...types: string[]) =>
      table
        .all()
        .filter(({ sk }) => sk.startsWith('OUTBOX#'))
        .flatMap(parseOutboxRecord)
        .filter(({ type }) => types.length === 0 || types.includes(type)),
    ticket: (letter: string) => table.get({ pk: `ORDER#${orderId(letter)}`, sk: 'TICKET' }),
    stock: (sku: string) => table.get({ pk: `SKU#${sku}`, sk: 'STOCK' }),
    /** Returns the taken seats as `<sku> <seat> <letter of the order>`. */
    seats: () =>
      table
        .all()
        .filter(({ sk }) => sk.startsWith('SEAT#'))
        .map(({ pk, sk, order_id }) => `${pk.slice(4)} ${sk.slice(5)} ${String(order_id)[0]}`)
        .sort(),
  };
  await fixture.setCapacity(...Object.entries(capacities).map(([sku, capacity]) => productChanged(sku, capacity)));
  // New stock starts at the version of its time. The tests count from zero.
  for (const row of table.all()) await table.write([{ op: 'put', row: { ...row, version: 0 } }], 'token');
  transactions.length = 0;
  return fixture;
}
