import { PriceRulesChanged } from '../../events/catalog/price-rules-changed.ts';
import { ProductChanged } from '../../events/catalog/product-changed.ts';
import { CartCheckedOut } from '../../events/orders/cart-checked-out.ts';
import { StockChanged } from '../../events/tickets/stock-changed.ts';
import { consume } from '../shared/messaging/consume.ts';
import { catalogDeps } from './deps.ts';

/**
 * Writes the claimed quantity, if it has changed, and then shows the product as it is now in all caches. Empties a cart
 * from which an order was placed, and invalidates the price rules.
 */
export const handler = consume(
  [StockChanged, ProductChanged, PriceRulesChanged, CartCheckedOut],
  catalogDeps,
  async (event, { products, emptyCart, invalidateRules }) => {
    if (event.type === 'PriceRulesChanged') return invalidateRules(event);
    if (event.type === 'CartCheckedOut') return emptyCart(event);
    if (event.type === 'StockChanged') await products.setClaimed(event);
    await products.publishToCaches(event.data.sku);
  },
);
