import type { Item } from '../../events/items.ts';
import { MAX_AMOUNT } from '../../events/money.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import type { Reader } from '../shared/store/store.ts';
import { parseProduct, productKey } from './product-row.ts';

/** A line of an order with its price. */
export interface QuotedLine extends Item {
  readonly price: number;
  readonly amount: number;
}

export interface Quote {
  readonly total: number;
  readonly lines: readonly QuotedLine[];
}

/**
 * The port by which others learn what items cost. It reads consistently, so a product can be ordered as soon as it is
 * made; it only reads, so whoever has it needs no more than that.
 */
export async function quote(reader: Reader, items: readonly Item[]): Promise<Quote> {
  const skus = [...new Set(items.map(({ sku }) => sku))];
  const rows = skus.length > 0 ? await reader.getMany(skus.map(productKey)) : [];
  const prices = new Map(rows.flatMap((row) => (row ? [parseProduct(row)] : [])).map(({ sku, price }) => [sku, price]));
  const unknown = skus.filter((sku) => !prices.has(sku));
  if (unknown.length > 0) throw new Rejected('unknown_sku', `there is no product ${unknown.join(', ')}`, 400);
  const lines = items.map((item): QuotedLine => {
    const price = prices.get(item.sku) ?? 0;
    return { ...item, price, amount: price * item.quantity };
  });
  // below 2^53 whatever is ordered: 20 lines of 20 at the highest price
  const total = lines.reduce((sum, { amount }) => sum + amount, 0);
  if (total > MAX_AMOUNT) throw new Rejected('amount_limit', `the items cost ${total}; ${MAX_AMOUNT} is the most`, 422);
  return { total, lines };
}
