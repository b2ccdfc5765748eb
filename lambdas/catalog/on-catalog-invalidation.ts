import { CartCheckedOut } from '../../events/orders/cart-checked-out.ts';
import { StockChanged } from '../../events/tickets/stock-changed.ts';
import { consume } from '../shared/messaging/consume.ts';
import { catalogDeps } from './deps.ts';

export const handler = consume([StockChanged, CartCheckedOut], catalogDeps, (event, { products, emptyCart }) =>
  event.type === 'StockChanged' ? products.setClaimed(event) : emptyCart(event),
);
