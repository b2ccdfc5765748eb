import * as z from 'zod/mini';
import { Capacity } from '../../events/catalog/product-changed.ts';
import { Sku } from '../../events/items.ts';
import { Amount } from '../../events/money.ts';
import { Text } from '../shared/http/text.ts';
import { availableOf, type Product } from './product.ts';

const MAX_NAME = 200;

export const Name = Text.check(z.minLength(1), z.maxLength(MAX_NAME));

/** A product as everybody sees it. */
export const ProductView = z.object({
  sku: Sku,
  name: Name,
  price: Amount,
  stock: Capacity,
  /** What is left, as last heard: a ticket may be refused all the same. */
  available: Capacity,
});

export const toProductView = (product: Product): z.infer<typeof ProductView> => {
  const { sku, name, price, capacity } = product;
  return { sku, name, price, stock: capacity, available: availableOf(product) };
};
