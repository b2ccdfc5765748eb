import * as z from 'zod/mini';
import { Capacity } from '../../events/catalog/product-changed.ts';
import { Sku } from '../../events/items.ts';
import { Amount } from '../../events/money.ts';
import { Text } from '../shared/http/text.ts';
import { availableOf, type Product } from './product.ts';

const MAX_NAME = 200;

export const Name = Text.check(z.minLength(1), z.maxLength(MAX_NAME));

/** The API calls the capacity of a product its stock. */
export const Stock = Capacity.check(z.describe('The capacity: the quantity that can be sold in total.'));

export const ProductView = z.object({
  sku: Sku,
  name: Name,
  price: Amount,
  stock: Stock,
  /** The quantity that is left as far as the catalog knows. A ticket may still be rejected. */
  available: Capacity,
});

export const toProductView = (product: Product): z.infer<typeof ProductView> => {
  const { sku, name, price, capacity } = product;
  return { sku, name, price, stock: capacity, available: availableOf(product) };
};
