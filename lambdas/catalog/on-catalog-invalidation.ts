import { ProductChanged } from '../../events/catalog/product-changed.ts';
import { StockChanged } from '../../events/tickets/stock-changed.ts';
import { consume } from '../shared/messaging/consume.ts';
import { catalogDeps } from './deps.ts';

/** Writes the claimed quantity, if it has changed. Then it shows the product as it is now in all caches. */
export const handler = consume([StockChanged, ProductChanged], catalogDeps, async (event, { products }) => {
  if (event.type === 'StockChanged') await products.setClaimed(event);
  await products.publishToCaches(event.data.sku);
});
