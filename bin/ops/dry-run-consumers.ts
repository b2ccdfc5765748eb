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
import { programmeStore } from '../../lambdas/payments/update-programme/programme-store.ts';
import type { UnitOfWork } from '../../lambdas/shared/store/commit.ts';
import type { Store } from '../../lambdas/shared/store/store.ts';
import { handler as onOrderRefundsTickets } from '../../lambdas/tickets/on-order-refunds-tickets.ts';
import { handler as onProductChanges } from '../../lambdas/tickets/on-product-changes.ts';
import { handler as onTicketIssuing } from '../../lambdas/tickets/on-ticket-issuing.ts';
import { ticketStore } from '../../lambdas/tickets/ticket-store.ts';
import type { DlqMessage } from './dlq-message.ts';
import { dryRun, type Effect } from './dry-run.ts';

/** As every stage has it; only whether a word is too old to be cached depends on it. */
const CACHED_FOR_MS = 360_000;

export type Tables = Readonly<Record<'payments' | 'orders' | 'tickets' | 'catalog' | 'balances' | 'documents', Store>>;

/** What stands behind each queue, on its own table. */
const dryRuns: Readonly<Record<string, (body: string, tables: Tables) => Promise<Effect>>> = {
  'order-payments': (body, { payments }) => dryRun(onOrderPayments, paymentsOn, payments, body),
  'order-refunds-payments': (body, { payments }) => dryRun(onOrderRefundsPayments, paymentsOn, payments, body),
  'balance-ticks': (body, { payments }) => dryRun(onBalanceTicks, programmeOn, payments, body),
  'payment-status': (body, { orders }) => dryRun(onPaymentStatus, ordersOn, orders, body),
  'ticket-status': (body, { orders }) => dryRun(onTicketStatus, ordersOn, orders, body),
  'ticket-issuing': (body, { tickets }) => dryRun(onTicketIssuing, ticketsOn, tickets, body),
  'order-refunds-tickets': (body, { tickets }) => dryRun(onOrderRefundsTickets, ticketsOn, tickets, body),
  'product-changes': (body, { tickets }) => dryRun(onProductChanges, ticketsOn, tickets, body),
  'catalog-invalidation': (body, { catalog }) => dryRun(onCatalogInvalidation, productsOn, catalog, body),
  balance_updates: (body, { balances }) => dryRun(onBalanceUpdates, balancesOn, balances, body),
  'order-documents': (body, { documents }) => dryRun(onOrderDocuments, recordsOn, documents, body),
  'order-lookup': (body, { documents }) => dryRun(onOrderLookup, recordsOn, documents, body),
  'order-found': (body, { documents }) => dryRun(onOrderFound, cacheOn, documents, body),
};

const paymentsOn = (unit: UnitOfWork) => ({ payments: paymentStore(unit) });
const programmeOn = (unit: UnitOfWork) => ({ programme: programmeStore(unit) });
const ordersOn = (unit: UnitOfWork) => ({ orders: orderStore(unit) });
const ticketsOn = (unit: UnitOfWork) => ({ tickets: ticketStore(unit) });
const productsOn = (unit: UnitOfWork) => ({ products: productStore(unit) });
const balancesOn = (unit: UnitOfWork) => ({ balances: balanceStore(unit) });
const recordsOn = (unit: UnitOfWork) => ({ records: recordStore(unit) });
const cacheOn = (unit: UnitOfWork) => ({ cache: cacheStore(unit, CACHED_FOR_MS) });

/** What a dead message would do if its queue had it again. */
export async function effectOf(queue: string, { body, events }: DlqMessage, tables: Tables): Promise<Effect> {
  if (queue === 'outbox-retry') {
    if (events.length === 0) return { effect: 'fail_again', reason: 'not our envelope' };
    return { effect: 'apply', reason: `${events.length === 1 ? 'one event' : `${events.length} events`} to the bus` };
  }
  const rehearsal = dryRuns[queue];
  return rehearsal
    ? rehearsal(body, tables)
    : { effect: 'unknown', reason: `nothing is known here of what ${queue} decides` };
}
