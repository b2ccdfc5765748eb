import type { Construct } from 'constructs';
import { ProductChanged } from '../../events/catalog/product-changed.ts';
import { StockChanged } from '../../events/tickets/stock-changed.ts';
import { CatalogEnv } from '../../lambdas/catalog/env.ts';
import { catalogRoutes } from '../../lambdas/catalog/routes.ts';
import { productsBySku } from '../../lambdas/catalog/table.ts';
import type { StageConfig } from '../config.ts';
import { Context } from '../constructs/context.ts';
import { ContextApi } from '../constructs/context-api.ts';
import { EventConsumer } from '../constructs/event-consumer.ts';
import type { OutboxTable } from '../constructs/outbox-table.ts';

/** Keeps the products: their prices, their capacities, and how much of each is left. */
export class Catalog extends Context {
  constructor(scope: Construct, config: StageConfig, catalog: OutboxTable) {
    super(scope, 'Catalog', { config, errorImpact: 'Customers cannot see the products that are for sale' });
    const values = { CATALOG_TABLE: catalog.name };
    const common = { env: CatalogEnv, values, access: [catalog.allows('GetItem', 'UpdateItem')] };

    new ContextApi(this, {
      routes: catalogRoutes,
      ...common,
      access: [...common.access, catalog.allows('BatchGetItem', 'PutItem'), catalog.queries(productsBySku)],
    });
    new EventConsumer(this, 'catalog-invalidation', {
      on: [StockChanged, ProductChanged],
      ...common,
      access: [...common.access, catalog.allows('PutItem')],
      errorImpact: 'The catalog shows an outdated number of available items',
    });
  }
}
