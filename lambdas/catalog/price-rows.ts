import { Busy } from '../shared/runtime/errors.ts';
import type { Key, Reader } from '../shared/store/store.ts';
import { customerKey, parseCustomer } from './customer-store.ts';
import type { Product } from './product.ts';
import { changedAtOf, parseProduct, productKey } from './product-row.ts';
import { parseRules, type RulesVersion, rulesKey } from './rules-row.ts';

interface PriceKeys {
  readonly skus: readonly string[];
  readonly user_id?: string | undefined;
}

/** The rows from which a price is calculated. Products that do not exist are left out. */
export interface PriceRows {
  readonly rules: RulesVersion;
  readonly products: readonly Product[];
  readonly tags: readonly string[];
}

/**
 * A change has the time at which its request began. Its write may arrive many seconds later, and the clocks of two
 * functions may differ by some.
 */
const RECENT_MS = 60_000;
const MAX_READS = 6;

/**
 * Reads the rules, the products and the customer's tags as they were at one moment. One request to the table returns
 * rows of different moments: new rules beside an old price can be a price that was never valid. So if one of the rows
 * was changed a moment ago, they are read until two reads in succession find the same, which all were then valid
 * between the two. If none was changed, all of them have been valid since before the read, so one read suffices.
 */
export async function readPriceRows(reader: Reader, keys: PriceKeys, now: () => number): Promise<PriceRows> {
  const startMs = now();
  let read = await readOnce(reader, keys);
  if (read.changedMs < startMs - RECENT_MS) return read.rows;
  for (let reads = 1; reads < MAX_READS; reads++) {
    const next = await readOnce(reader, keys);
    if (next.versions === read.versions) return next.rows;
    read = next;
  }
  throw new Busy('prices were changed at each of several reads');
}

async function readOnce(reader: Reader, { skus, user_id }: PriceKeys) {
  const customerKeys: readonly Key[] = user_id === undefined ? [] : [customerKey(user_id)];
  const [rulesRow, ...others] = await reader.getMany([rulesKey, ...skus.map(productKey), ...customerKeys]);
  const rules = parseRules(rulesRow);
  const productRows = others.slice(0, skus.length).filter((row) => row !== undefined);
  const products = productRows.map(parseProduct);
  const customer = parseCustomer(others[skus.length]);
  const times = [rules.created_at, ...productRows.map(changedAtOf), customer.changed_at];
  return {
    rows: { rules, products, tags: customer.tags },
    // The claimed quantity of a product lags behind the tickets anyway, so it has no part in this.
    versions: JSON.stringify([rules.version, products.map((product) => product.published_version), customer.version]),
    changedMs: Math.max(...times.map((time) => (time === undefined ? 0 : Date.parse(time)))),
  };
}
