import { ProductChanged } from '../../../events/catalog/product-changed.ts';
import type { Item } from '../../../events/items.ts';
import { RefundRequested } from '../../../events/orders/refund-requested.ts';
import { PaymentAuthorized } from '../../../events/payments/payment-authorized.ts';
import { memoryStore } from '../../../lambdas/shared/memory-store.ts';
import { eventsIn } from '../../../lambdas/shared/outbox.ts';
import { type Store, type Write, withConflicts } from '../../../lambdas/shared/store.ts';
import { handler as onOrderRefundsTickets } from '../../../lambdas/tickets/on-order-refunds-tickets.ts';
import { handler as onProductChanges } from '../../../lambdas/tickets/on-product-changes.ts';
import { handler as onTicketIssuing } from '../../../lambdas/tickets/on-ticket-issuing.ts';
import { ticketStore } from '../../../lambdas/tickets/ticket-store.ts';
import { message, NotedQueue, noChaos, noon, steppingClock } from '../kit.ts';

const TIMEOUT_MS = 60_000;
const time = new Date(noon).toISOString();

export const orderId = (letter: string) => letter.repeat(26);
const causeOf = (letter: string, nudge?: string) => ({
  time,
  correlation_id: orderId(letter),
  causation_id: 'cause',
  nudge,
});

export const paid = (letter: string, items?: Item[], nudge?: string) =>
  PaymentAuthorized.make(
    { order_id: orderId(letter), user_id: 'alice', amount: 10, balance_after: 0, items },
    causeOf(letter, nudge),
  );
export const refunded = (letter: string, nudge?: string) =>
  RefundRequested.make(
    { order_id: orderId(letter), user_id: 'alice', amount: 10, because: 'requested' },
    causeOf(letter, nudge),
  );
export const offered = (sku: string, capacity: number, version = 1) =>
  ProductChanged.make({ sku, name: sku, price: 10, capacity, version }, { ...causeOf('p'), correlation_id: 'put' });

/** The tickets of a shop in memory behind the real handlers, with every transaction noted. */
export async function boxOffice(capacities: Readonly<Record<string, number>> = {}, conflicts?: () => number) {
  const table = memoryStore({ now: () => noon });
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
  const clock = steppingClock();
  const queue = new NotedQueue();
  const runtime = {
    deps: ({ deadline }: { deadline: number }) => ({ tickets: ticketStore({ store, clock, deadline }) }),
    queue,
    clock,
    chaos: noChaos,
  };
  const taking =
    (run: ReturnType<typeof onTicketIssuing.with>, name: string, receives = 1) =>
    async (...events: unknown[]) =>
      (
        await run({ Records: events.map((event, at) => message(`m${at}`, event, receives)) }, name, TIMEOUT_MS)
      ).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  const office = {
    table,
    transactions,
    queue,
    clock,
    issue: taking(onTicketIssuing.with(runtime), 'ticket-issuing'),
    /** Something happens between the reads of the next step and its write. */
    meanwhile: (act: () => Promise<unknown>) => {
      first = act;
    },
    /** The last time that it is tried. */
    issueAtLast: taking(onTicketIssuing.with(runtime), 'ticket-issuing', 5),
    refund: taking(onOrderRefundsTickets.with(runtime), 'order-refunds-tickets'),
    offer: taking(onProductChanges.with(runtime), 'product-changes'),
    /** What was said to the world, by type. */
    said: (...types: string[]) =>
      table
        .all()
        .filter(({ sk }) => sk.startsWith('OUTBOX#'))
        .flatMap(eventsIn)
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
  await office.offer(...Object.entries(capacities).map(([sku, capacity]) => offered(sku, capacity)));
  transactions.length = 0;
  return office;
}
