import { ProductChanged } from '../../events/catalog/product-changed.ts';
import type { Item } from '../../events/items.ts';
import { RefundRequested } from '../../events/orders/refund-requested.ts';
import { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { parseOutboxRecord } from '../../lambdas/shared/outbox/outbox-record.ts';
import { type Store, type Write, withConflicts } from '../../lambdas/shared/store/store.ts';
import { handler as onOrderRefundsTickets } from '../../lambdas/tickets/on-order-refunds-tickets.ts';
import { handler as onProductChanges } from '../../lambdas/tickets/on-product-changes.ts';
import { handler as onTicketIssuing } from '../../lambdas/tickets/on-ticket-issuing.ts';
import { ticketStore } from '../../lambdas/tickets/ticket-store.ts';
import { createSteppingClock, noChaos, noon, RecordingQueue, sqsRecord } from './fixtures.ts';
import { createMemoryStore } from './memory-store.ts';

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

/** The tickets of a shop in memory behind the real handlers, with every transaction noted. */
export async function createTicketFixture(capacities: Readonly<Record<string, number>> = {}, conflicts?: () => number) {
  const table = createMemoryStore({ now: () => noon });
  const transactions: (readonly Write[])[] = [];
  let first: (() => Promise<unknown>) | undefined;
  const noted: Store = {
    ...table,
    write: async (writes, token) => {
      const act = first;
      first = undefined;
      await act?.();
      await table.write(writes, token);
      transactions.push(writes);
    },
  };
  const store = conflicts ? withConflicts(noted, () => 0.3, conflicts) : noted;
  const clock = createSteppingClock();
  const queue = new RecordingQueue();
  const runtime = {
    createDeps: ({ deadlineMs }: { deadlineMs: number }) => ({ tickets: ticketStore({ store, clock, deadlineMs }) }),
    queue,
    clock,
    chaos: noChaos,
  };
  const taking =
    (run: ReturnType<typeof onTicketIssuing.withRuntime>, name: string, receives = 1) =>
    async (...events: unknown[]) =>
      (
        await run({ Records: events.map((event, at) => sqsRecord(`m${at}`, event, receives)) }, name, TIMEOUT_MS)
      ).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  const office = {
    table,
    transactions,
    queue,
    clock,
    issue: taking(onTicketIssuing.withRuntime(runtime), 'ticket-issuing'),
    /** Something happens between the reads of the next step and its write. */
    meanwhile: (act: () => Promise<unknown>) => {
      first = act;
    },
    /** The last time that it is tried. */
    issueAtLast: taking(onTicketIssuing.withRuntime(runtime), 'ticket-issuing', 5),
    refund: taking(onOrderRefundsTickets.withRuntime(runtime), 'order-refunds-tickets'),
    offer: taking(onProductChanges.withRuntime(runtime), 'product-changes'),
    /** What was said to the world, by type. */
    said: (...types: string[]) =>
      table
        .all()
        .filter(({ sk }) => sk.startsWith('OUTBOX#'))
        .flatMap(parseOutboxRecord)
        .filter(({ type }) => types.length === 0 || types.includes(type)),
    ticket: (letter: string) => table.get({ pk: `ORDER#${orderId(letter)}`, sk: 'TICKET' }),
    stock: (sku: string) => table.get({ pk: `SKU#${sku}`, sk: 'STOCK' }),
    seats: () =>
      table
        .all()
        .filter(({ sk }) => sk.startsWith('SEAT#'))
        .map(({ pk, sk, order_id }) => `${pk.slice(4)} ${sk.slice(5)} ${String(order_id)[0]}`)
        .sort(),
  };
  await office.offer(...Object.entries(capacities).map(([sku, capacity]) => productChanged(sku, capacity)));
  transactions.length = 0;
  return office;
}
