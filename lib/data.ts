import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { productsBySku } from '../lambdas/catalog/table.ts';
import { newestCached } from '../lambdas/documents/table.ts';
import { ordersByUser, publishedByMinute } from '../lambdas/orders/table.ts';
import { accountsByBucket, entriesByAccount } from '../lambdas/payments/table.ts';
import { nameOf, type StageConfig } from './config.ts';
import { LedgerTable, OutboxTable } from './constructs/outbox-table.ts';

/** What must not be lost. Everything else can be deployed anew; a table renamed here is a table emptied. */
export class DataStack extends Stack {
  readonly payments: LedgerTable;
  readonly orders: OutboxTable;
  readonly tickets: OutboxTable;
  readonly catalog: OutboxTable;
  readonly balances: OutboxTable;
  readonly documents: OutboxTable;

  constructor(app: Construct, config: StageConfig) {
    super(app, nameOf(config, 'data'), {
      description: 'Oncebox: what holds data',
      terminationProtection: config.keepsData,
    });

    // A rename, here or of an index, makes a new one and leaves the ledger behind: accounts, journal, balances.
    // The statement reads `by_account`; entries never change, so the whole row is written to it once. `by_bucket` lists
    // accounts by what never changes of them.
    this.payments = new LedgerTable(this, 'Payments', {
      owner: 'payments',
      config,
      indexes: [
        { index: entriesByAccount, sorts: 'numbers', project: 'all' },
        { index: accountsByBucket, sorts: 'strings', project: 'keys' },
      ],
    });
    // A rename loses every order and what was decided about it; payments would take a second order of one id for a repeat.
    // `by_user` has keys only: an order's row changes with each step, and its keys do not.
    this.orders = new OutboxTable(this, 'Orders', {
      owner: 'orders',
      config,
      indexes: [
        { index: ordersByUser, sorts: 'strings', project: 'keys' },
        { index: publishedByMinute, sorts: 'strings', project: 'keys' },
      ],
    });
    // A rename loses who has which ticket: every seat is for sale a second time, and no refund frees one.
    this.tickets = new OutboxTable(this, 'Tickets', { owner: 'tickets', config });
    // A rename loses every product until it is put again, and then under versions that tickets take for old ones.
    this.catalog = new OutboxTable(this, 'Catalog', {
      owner: 'catalog',
      config,
      indexes: [{ index: productsBySku, sorts: 'strings', project: 'keys' }],
    });
    // A rename loses nothing for good: the sync fills it again from the ledger, all of it by `ops balances sync`.
    this.balances = new OutboxTable(this, 'Balances', { owner: 'balances', config });
    // A rename loses every document that was ever taken in: each has to be published again. The cache in it fills itself.
    this.documents = new OutboxTable(this, 'Documents', {
      owner: 'documents',
      config,
      indexes: [{ index: newestCached, sorts: 'strings', project: 'keys' }],
    });
  }
}
