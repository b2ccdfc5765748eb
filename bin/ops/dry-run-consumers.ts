import { createBalancesDeps } from '../../lambdas/balances/deps.ts';
import { handler as onBalanceUpdates } from '../../lambdas/balances/on-balance-updates.ts';
import { createCatalogDeps } from '../../lambdas/catalog/deps.ts';
import { handler as onCatalogInvalidation } from '../../lambdas/catalog/on-catalog-invalidation.ts';
import { createCacheDeps, createRecordsDeps } from '../../lambdas/documents/deps.ts';
import { handler as onOrderDocuments } from '../../lambdas/documents/on-order-documents.ts';
import { handler as onOrderFound } from '../../lambdas/documents/on-order-found.ts';
import { handler as onOrderLookup } from '../../lambdas/documents/on-order-lookup.ts';
import { createOrdersDeps } from '../../lambdas/orders/deps.ts';
import { handler as onPaymentStatus } from '../../lambdas/orders/on-payment-status.ts';
import { handler as onTicketStatus } from '../../lambdas/orders/on-ticket-status.ts';
import { createPaymentsDeps, createProgrammeDeps } from '../../lambdas/payments/deps.ts';
import { handler as onBalanceTicks } from '../../lambdas/payments/on-balance-ticks.ts';
import { handler as onOrderPayments } from '../../lambdas/payments/on-order-payments.ts';
import { handler as onOrderRefundsPayments } from '../../lambdas/payments/on-order-refunds-payments.ts';
import { handler as onReportRuns } from '../../lambdas/reports/on-report-runs.ts';
import { isCacheRow } from '../../lambdas/shared/cache/group-row.ts';
import { keyOfWrite, type Store } from '../../lambdas/shared/store/store.ts';
import type { TablePorts } from '../../lambdas/shared/store/tables.ts';
import { createTicketsDeps } from '../../lambdas/tickets/deps.ts';
import { handler as onOrderRefundsTickets } from '../../lambdas/tickets/on-order-refunds-tickets.ts';
import { handler as onProductChanges } from '../../lambdas/tickets/on-product-changes.ts';
import { handler as onTicketIssuing } from '../../lambdas/tickets/on-ticket-issuing.ts';
import { createFanOutDeps } from '../../lambdas/webhooks/deps.ts';
import { handler as onWebhookEvents } from '../../lambdas/webhooks/on-webhook-events.ts';
import { parseDelivery } from '../../lambdas/webhooks/order-event.ts';
import { parseWebhook, webhookKey } from '../../lambdas/webhooks/webhook-row.ts';
import type { DlqMessage } from './dlq-message.ts';
import { dryRun, type Effect } from './dry-run.ts';
import { createDryRunDeps } from './dry-run-report.ts';
import { countOf } from './print.ts';
import type { Tables } from './tables.ts';

/** The setting `documentsCachedForSeconds` of every stage. It decides whether an answer is too old for the cache. */
const CACHE_TTL_MS = 360_000;

/** Returns a store that does not write cache rows. A change that only caches learn of again is no effect. */
const withoutCacheWrites = (store: Store): Store => ({
  get: (key) => store.get(key),
  getMany: (keys) => store.getMany(keys),
  query: (query) => store.query(query),
  withDeadline: (deadlineMs) => withoutCacheWrites(store.withDeadline(deadlineMs)),
  write: async (writes, token) => {
    const effects = writes.filter((write) => !isCacheRow(keyOfWrite(write)));
    if (effects.length > 0) await store.write(effects, token);
  },
});

const dryRuns: Readonly<Record<string, (body: string, tables: Tables) => Promise<Effect>>> = {
  'order-payments': (body, { payments }) => dryRun(onOrderPayments, createPaymentsDeps, payments, body),
  'order-refunds-payments': (body, { payments }) => dryRun(onOrderRefundsPayments, createPaymentsDeps, payments, body),
  'balance-ticks': (body, { payments }) => dryRun(onBalanceTicks, createProgrammeDeps, payments, body),
  'payment-status': (body, { orders }) => dryRun(onPaymentStatus, createOrdersDeps, orders, body),
  'ticket-status': (body, { orders }) => dryRun(onTicketStatus, createOrdersDeps, orders, body),
  'ticket-issuing': (body, { tickets }) => dryRun(onTicketIssuing, createTicketsDeps, tickets, body),
  'order-refunds-tickets': (body, { tickets }) => dryRun(onOrderRefundsTickets, createTicketsDeps, tickets, body),
  'product-changes': (body, { tickets }) => dryRun(onProductChanges, createTicketsDeps, tickets, body),
  'catalog-invalidation': (body, { catalog }) =>
    dryRun(
      onCatalogInvalidation,
      (ports) => createCatalogDeps({ ...ports, store: withoutCacheWrites(ports.store) }),
      catalog,
      body,
    ),
  balance_updates: (body, { balances }) => dryRun(onBalanceUpdates, createBalancesDeps, balances, body),
  'report-runs': (body, { reports }) => dryRun(onReportRuns, createDryRunDeps, reports, body),
  'order-documents': (body, { documents }) => dryRun(onOrderDocuments, createRecordsDeps, documents, body),
  'order-lookup': (body, { documents }) => dryRun(onOrderLookup, createRecordsDeps, documents, body),
  'order-found': (body, { documents }) =>
    dryRun(onOrderFound, (ports) => createCacheDeps({ ...ports, ttlMs: CACHE_TTL_MS }), documents, body),
  'webhook-events': predictFanOut,
  'webhook-deliveries': predictDelivery,
};

/** Predicts what a dead letter would do if it were sent to its queue again. */
export async function predictEffect(queue: string, { body, events }: DlqMessage, tables: Tables): Promise<Effect> {
  if (queue === 'outbox-retry')
    return events.length === 0
      ? { effect: 'fail_again', reason: 'not a list of event envelopes' }
      : { effect: 'apply', reason: `sends ${countOf(events.length, 'event')} to the bus` };
  const run = dryRuns[queue];
  return run ? run(body, tables) : { effect: 'unknown', reason: `no dry run is defined for queue ${queue}` };
}

/** Runs the fan-out with a sender that only counts, because it writes to no table. */
async function predictFanOut(body: string, { webhooks }: Tables): Promise<Effect> {
  let messages = 0;
  const createSend = () => async (sent: readonly unknown[]) => {
    messages += sent.length;
  };
  const noChange = async () => {};
  const createRules = () => ({ enable: noChange, disable: noChange });
  const createDeps = (ports: TablePorts) => createFanOutDeps({ ...ports, createSend, createRules, cachedForMs: 0 });
  const effect = await dryRun(onWebhookEvents, createDeps, webhooks, body);
  if (effect.effect !== 'no_effect') return effect;
  if (messages === 0) return { effect: 'no_effect', reason: 'no webhook gets this event' };
  return { effect: 'apply', reason: `sends ${countOf(messages, 'delivery message')}` };
}

/** What a receiver answers cannot be predicted, but whether it is called. */
async function predictDelivery(body: string, { webhooks }: Tables): Promise<Effect> {
  const delivery = parseDelivery(body);
  if (typeof delivery === 'string') return { effect: 'fail_again', reason: delivery };
  const row = await webhooks.get(webhookKey(delivery.webhook_id));
  if (!row) return { effect: 'no_effect', reason: `the webhook ${delivery.webhook_id} was deleted` };
  const { url, health } = parseWebhook(row);
  return health.disabled_at === undefined
    ? { effect: 'apply', reason: `calls ${new URL(url).host}` }
    : { effect: 'fail_again', reason: `the webhook was disabled at ${health.disabled_at}` };
}
