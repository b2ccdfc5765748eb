import type { Construct } from 'constructs';
import { PriceRulesChanged } from '../../events/catalog/price-rules-changed.ts';
import { ProductChanged } from '../../events/catalog/product-changed.ts';
import { CartCheckedOut } from '../../events/orders/cart-checked-out.ts';
import { StockChanged } from '../../events/tickets/stock-changed.ts';
import { CatalogApiEnv, CatalogEnv } from '../../lambdas/catalog/env.ts';
import { catalogRoutes } from '../../lambdas/catalog/routes.ts';
import { productsBySku } from '../../lambdas/catalog/table.ts';
import type { StageConfig } from '../config.ts';
import { Context } from '../constructs/context.ts';
import { ContextApi } from '../constructs/context-api.ts';
import { EventConsumer } from '../constructs/event-consumer.ts';
import type { DataStack } from '../data.ts';

/** Keeps the products, the price rules, the quotes and the carts. */
export class Catalog extends Context {
  constructor(scope: Construct, config: StageConfig, { catalog, orders }: DataStack) {
    super(scope, 'Catalog', { config, errorImpact: 'Customers cannot see products and carts' });
    const values = { CATALOG_TABLE: catalog.name };
    const common = { env: CatalogEnv, values, access: [catalog.allows('GetItem', 'UpdateItem')] };

    new ContextApi(this, {
      routes: catalogRoutes,
      env: CatalogApiEnv,
      // One read crosses contexts: whether an order was placed from a cart.
      values: { ...values, ORDERS_TABLE: orders.name },
      access: [
        ...common.access,
        catalog.allows('BatchGetItem', 'PutItem', 'Query'),
        catalog.queries(productsBySku),
        orders.allows('GetItem'),
      ],
    });
    new EventConsumer(this, 'catalog-invalidation', {
      on: [StockChanged, ProductChanged, PriceRulesChanged, CartCheckedOut],
      ...common,
      access: [...common.access, catalog.allows('PutItem')],
      errorImpact:
        'The catalog shows outdated prices and numbers of available items, and carts keep items that were ordered',
    });
  }
}
