import type { Item } from '../../events/items.ts';
import { MAX_AMOUNT } from '../../events/money.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import { type Reader, readRows } from '../shared/store/store.ts';
import { parseProduct, productKey } from './product-row.ts';

interface Quote {
  readonly total: number;
  /** `price` is the price of one unit, and `amount` that of the line. */
  readonly lines: readonly (Item & { readonly price: number; readonly amount: number })[];
}

/**
 * Returns what items cost. This is the port of the catalog for other contexts. Reads are strongly consistent, so a
 * product can be ordered as soon as it is created. The caller needs read access only.
 */
export async function quote(reader: Reader, items: readonly Item[]): Promise<Quote> {
  const skus = [...new Set(items.map(({ sku }) => sku))];
  const products = (await readRows(reader, skus.map(productKey))).map(parseProduct);
  const prices = new Map(products.map(({ sku, price }) => [sku, price]));
  const unknown = skus.filter((sku) => !prices.has(sku));
  if (unknown.length > 0) throw new Rejected('unknown_sku', `There is no product ${unknown.join(' or ')}.`, 400);
  const lines = items.map((item) => {
    const price = prices.get(item.sku) ?? 0;
    return { ...item, price, amount: price * item.quantity };
  });
  // The sum is exact, since it stays below 2^53: an order has at most 20 lines of 20 items at the maximum price.
  const total = lines.reduce((sum, { amount }) => sum + amount, 0);
  if (total > MAX_AMOUNT)
    throw new Rejected(
      'amount_limit',
      `The items cost ${total}, and the maximum amount of an order is ${MAX_AMOUNT}.`,
      422,
    );
  return { total, lines };
}
