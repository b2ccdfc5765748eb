import type { Item } from '../../events/items.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import type { Reader } from '../shared/store/store.ts';
import { readPriceRows } from './price-rows.ts';
import { type ListedItem, type PricedItems, priceItems } from './price-rules.ts';
import { availableOf, type Product } from './product.ts';
import type { RulesVersion } from './rules-row.ts';

/** What is to be priced. Without a customer, no rule for customers with a tag applies. */
export interface PriceRequest {
  readonly items: readonly Item[];
  readonly user_id?: string | undefined;
}

/** What a price is calculated from: the items with their list prices, the customer's tags, and the valid rules. */
export interface PriceBasis {
  readonly items: readonly ListedItem[];
  readonly tags: readonly string[];
  readonly rules: RulesVersion;
}

/** `decidedMs` is the time of the price, in ms since the epoch. */
export interface Price extends PricedItems {
  readonly rules_version: number;
  readonly decidedMs: number;
}

/**
 * Reads what a price is calculated from, strongly consistent and as it was at one moment. So a product can be ordered
 * as soon as it is created, and rules are valid as soon as they are written.
 */
export async function readPriceBasis(
  reader: Reader,
  { items, user_id }: PriceRequest,
  now: () => number,
): Promise<PriceBasis> {
  const skus = [...new Set(items.map(({ sku }) => sku))];
  const { products, ...rows } = await readPriceRows(reader, { skus, user_id }, now);
  return createBasis(items, products, rows);
}

/** Adds to the items what is known about their products. Throws if a product is unknown. */
export function createBasis(
  items: readonly Item[],
  products: readonly Product[],
  { tags, rules }: Pick<PriceBasis, 'tags' | 'rules'>,
): PriceBasis {
  const bySku = new Map(products.map((product) => [product.sku, product]));
  const unknown = [...new Set(items.map(({ sku }) => sku))].filter((sku) => !bySku.has(sku));
  if (unknown.length > 0) throw new Rejected('unknown_sku', `There is no product ${unknown.join(' or ')}.`, 400);
  const listed = items.flatMap((item) => {
    const product = bySku.get(item.sku);
    return product ? [{ ...item, list_price: product.price, available: availableOf(product) }] : [];
  });
  return { items: listed, tags, rules };
}

/** Calculates the price of items at a time. */
export const priceAt = ({ items, tags, rules }: PriceBasis, now: number): Price => ({
  rules_version: rules.version,
  decidedMs: now,
  ...priceItems(rules.set, items, { now, tags }),
});

/** Returns the price of items by the rules that are valid now. It may be one that nobody can pay. */
export async function readPrice(reader: Reader, request: PriceRequest, now: () => number): Promise<Price> {
  const basis = await readPriceBasis(reader, request, now);
  return priceAt(basis, now());
}
