import type { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { productsBySku } from '../lambdas/catalog/table.ts';
import { newestCached } from '../lambdas/documents/table.ts';
import { ordersByUser, publishedByMinute } from '../lambdas/orders/table.ts';
import { accountsByBucket, EXPIRING_ATTRIBUTES, entriesByAccount } from '../lambdas/payments/table.ts';
import { reportsByTime } from '../lambdas/reports/table.ts';
import type { StageConfig } from './config.ts';
import { ContextTable, LedgerTable, OutboxTable } from './constructs/outbox-table.ts';
import { StageStack } from './constructs/stage-stack.ts';

/** The tables of all contexts. All other stacks can be deployed again without loss. Renaming a table loses its data. */
export class DataStack extends StageStack {
  // Renaming the table or an index creates a new one and abandons the ledger: the accounts and all entries.
  // `by_account` serves the statement. It projects whole rows: an entry never changes, so it is copied only once.
  // `by_bucket` lists accounts. It projects keys only, which never change.
  readonly payments = new LedgerTable(this, 'Payments', {
    config: this.config,
    expiringAttributes: EXPIRING_ATTRIBUTES,
    indexes: [{ index: entriesByAccount, sortKeyType: 'number', projection: 'all' }, { index: accountsByBucket }],
  });
  // Renaming loses all orders and their decisions; payments would take a second order with the same id for a duplicate.
  // `by_user` projects keys only: an order's row changes at every step, its keys do not.
  readonly orders = new OutboxTable(this, 'Orders', {
    config: this.config,
    indexes: [{ index: ordersByUser }, { index: publishedByMinute }],
  });
  // Renaming loses the holder of every ticket: all seats could be sold a second time, and no refund would free a seat.
  readonly tickets = new OutboxTable(this, 'Tickets', { config: this.config });
  // Renaming loses all products until they are put again. Their versions start again, so tickets ignores them as old.
  readonly catalog = new OutboxTable(this, 'Catalog', { config: this.config, indexes: [{ index: productsBySku }] });
  // Renaming loses nothing permanently: `ops balances sync` fills the table again from the ledger.
  readonly balances = new OutboxTable(this, 'Balances', { config: this.config });
  // Renaming loses all order documents: each must be submitted again. The cache in the table refills on lookups.
  readonly documents = new OutboxTable(this, 'Documents', { config: this.config, indexes: [{ index: newestCached }] });
  // Renaming loses the progress of all reports, and exports the last days again. Files in the bucket remain.
  readonly reports = new OutboxTable(this, 'Reports', { config: this.config, indexes: [{ index: reportsByTime }] });
  // Renaming loses all webhooks: receivers get nothing until they are created again, each with another secret.
  readonly webhooks = new OutboxTable(this, 'Webhooks', { config: this.config });

  constructor(app: Construct, config: StageConfig, dependsOn: readonly Stack[] = []) {
    super(app, { config, name: 'data', description: 'tables', terminationProtection: config.retainData, dependsOn });
  }

  get contextTables(): ContextTable[] {
    return this.node.children.filter((child) => child instanceof ContextTable);
  }

  /** The tables whose outbox records the relay publishes. The read model of balances and the webhooks have none. */
  get outboxes(): ContextTable[] {
    return this.contextTables.filter((table) => table !== this.balances && table !== this.webhooks);
  }
}
