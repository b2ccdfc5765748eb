import { balanceStore } from '../../lambdas/balances/balance-store.ts';
import { handler as onBalanceUpdates } from '../../lambdas/balances/on-balance-updates.ts';
import { handler as onCatalogInvalidation } from '../../lambdas/catalog/on-catalog-invalidation.ts';
import { productStore } from '../../lambdas/catalog/product-store.ts';
import { cacheStore } from '../../lambdas/documents/cache-store.ts';
import { handler as onOrderDocuments } from '../../lambdas/documents/on-order-documents.ts';
import { handler as onOrderFound } from '../../lambdas/documents/on-order-found.ts';
import { handler as onOrderLookup } from '../../lambdas/documents/on-order-lookup.ts';
import { recordStore } from '../../lambdas/documents/record-store.ts';
import { handler as onPaymentStatus } from '../../lambdas/orders/on-payment-status.ts';
import { handler as onTicketStatus } from '../../lambdas/orders/on-ticket-status.ts';
import { orderStore } from '../../lambdas/orders/order-store.ts';
import { handler as onBalanceTicks } from '../../lambdas/payments/on-balance-ticks.ts';
import { handler as onOrderPayments } from '../../lambdas/payments/on-order-payments.ts';
import { handler as onOrderRefundsPayments } from '../../lambdas/payments/on-order-refunds-payments.ts';
import { paymentStore } from '../../lambdas/payments/payment-store.ts';
import { programmeStore } from '../../lambdas/payments/programme-store.ts';
import type { Unit } from '../../lambdas/shared/commit.ts';
import type { Store } from '../../lambdas/shared/store.ts';
import { handler as onOrderRefundsTickets } from '../../lambdas/tickets/on-order-refunds-tickets.ts';
import { handler as onProductChanges } from '../../lambdas/tickets/on-product-changes.ts';
import { handler as onTicketIssuing } from '../../lambdas/tickets/on-ticket-issuing.ts';
import { ticketStore } from '../../lambdas/tickets/ticket-store.ts';
import type { DeadMessage } from './dead-message.ts';
import { type Effect, rehearse } from './rehearsal.ts';

/** As every stage has it; only whether a word is too old to be cached depends on it. */
const CACHED_FOR_MS = 360_000;

export type Tables = Readonly<Record<'payments' | 'orders' | 'tickets' | 'catalog' | 'balances' | 'documents', Store>>;

/** What stands behind each queue, on its own table. */
const rehearsals: Readonly<Record<string, (body: string, tables: Tables) => Promise<Effect>>> = {
  'order-payments': (body, { payments }) => rehearse(onOrderPayments, paymentsOn, payments, body),
  'order-refunds-payments': (body, { payments }) => rehearse(onOrderRefundsPayments, paymentsOn, payments, body),
  'balance-ticks': (body, { payments }) => rehearse(onBalanceTicks, programmeOn, payments, body),
  'payment-status': (body, { orders }) => rehearse(onPaymentStatus, ordersOn, orders, body),
  'ticket-status': (body, { orders }) => rehearse(onTicketStatus, ordersOn, orders, body),
  'ticket-issuing': (body, { tickets }) => rehearse(onTicketIssuing, ticketsOn, tickets, body),
  'order-refunds-tickets': (body, { tickets }) => rehearse(onOrderRefundsTickets, ticketsOn, tickets, body),
  'product-changes': (body, { tickets }) => rehearse(onProductChanges, ticketsOn, tickets, body),
  'catalog-invalidation': (body, { catalog }) => rehearse(onCatalogInvalidation, productsOn, catalog, body),
  balance_updates: (body, { balances }) => rehearse(onBalanceUpdates, balancesOn, balances, body),
  'order-documents': (body, { documents }) => rehearse(onOrderDocuments, recordsOn, documents, body),
  'order-lookup': (body, { documents }) => rehearse(onOrderLookup, recordsOn, documents, body),
  'order-found': (body, { documents }) => rehearse(onOrderFound, cacheOn, documents, body),
};

const paymentsOn = (unit: Unit) => ({ payments: paymentStore(unit) });
const programmeOn = (unit: Unit) => ({ programme: programmeStore(unit) });
const ordersOn = (unit: Unit) => ({ orders: orderStore(unit) });
const ticketsOn = (unit: Unit) => ({ tickets: ticketStore(unit) });
const productsOn = (unit: Unit) => ({ products: productStore(unit) });
const balancesOn = (unit: Unit) => ({ balances: balanceStore(unit) });
const recordsOn = (unit: Unit) => ({ records: recordStore(unit) });
const cacheOn = (unit: Unit) => ({ cache: cacheStore(unit, CACHED_FOR_MS) });

/** What a dead message would do if its queue had it again. */
export async function effectOf(queue: string, { body, events }: DeadMessage, tables: Tables): Promise<Effect> {
  if (queue === 'outbox-retry') {
    if (events.length === 0) return { would: 'fail again', because: 'not our envelope' };
    return { would: 'apply', because: `${events.length === 1 ? 'one event' : `${events.length} events`} to the bus` };
  }
  const rehearsal = rehearsals[queue];
  return rehearsal
    ? rehearsal(body, tables)
    : { would: 'unknown', because: `nothing is known here of what ${queue} decides` };
}
