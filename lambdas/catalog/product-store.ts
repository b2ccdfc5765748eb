import { ProductChanged } from '../../events/catalog/product-changed.ts';
import type { Cause, EventOf } from '../../events/envelope.ts';
import type { StockChanged } from '../../events/tickets/stock-changed.ts';
import { publishOnce } from '../shared/outbox/answer-nudge.ts';
import type { Publication } from '../shared/outbox/outbox-record.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { PrerequisiteMissing, Rejected } from '../shared/runtime/errors.ts';
import { count, logger } from '../shared/runtime/observability.ts';
import { commit, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Row, versionIs, type Write } from '../shared/store/store.ts';
import { applyClaimed, applyInput, type Product, type ProductInput } from './product.ts';
import { PRODUCT_LIST, parseProduct, productKey } from './product-row.ts';
import { productsBySku } from './table.ts';

export type StockChangedEvent = EventOf<typeof StockChanged>;

/** Products. With their row, the only place that knows their keys. */
export function productStore(unit: UnitOfWork) {
  const { store } = unit;
  return {
    /** Makes a product, or makes it like this. Where it is so already nothing is changed, but the world is told again. */
    put: (wanted: ProductInput, correlationId: string) => putProduct(unit, wanted, correlationId),
    get: async (sku: string): Promise<Product> => {
      const row = await store.get(productKey(sku));
      if (!row) throw new Rejected('product_not_found', `there is no product ${sku}`, 404);
      return parseProduct(row);
    },
    /** By sku. An index: a new product may be missing for a moment, and what is shown is as it is now. */
    list: async (page: { above?: string; limit: number }): Promise<Product[]> => {
      const keys = await store.query({ partition: PRODUCT_LIST, index: productsBySku, ...page });
      const rows: (Row | undefined)[] = [];
      for (let at = 0; at < keys.length; at += 100) rows.push(...(await store.getMany(keys.slice(at, at + 100))));
      return rows.filter((row) => row !== undefined).map(parseProduct);
    },
    /** Takes in how much of a product is claimed. */
    hear: (event: StockChangedEvent) => applyStock(unit, event),
  };
}
export type ProductStore = ReturnType<typeof productStore>;

async function putProduct(unit: UnitOfWork, wanted: ProductInput, correlationId: string): Promise<Product> {
  const cause = { time: toIso(unit.clock.now()), correlation_id: correlationId, causation_id: correlationId };
  const { product, changed } = await commit(unit, async (read) => {
    const key = productKey(wanted.sku);
    const row = await read.get(key);
    const before = row && parseProduct(row);
    const next = applyInput(before, wanted);
    if (next === before) return { writes: [], result: { product: next, changed: false } };
    const { name, price, capacity, version, published_version } = next;
    const write: Write = before
      ? {
          op: 'update',
          key,
          set: { name, price, capacity, version, published_version },
          when: versionIs(before.version),
        }
      : { op: 'put', row: { ...key, ...next, list: PRODUCT_LIST }, when: absent };
    return { writes: [write], publish: [publishProductChanged(next, cause)], result: { product: next, changed: true } };
  });
  if (changed) logger.info('product changed', { sku: product.sku, version: product.version });
  else await publishOnce(unit, () => publishProductChanged(product, { ...cause, nudge: `put-${correlationId}` }));
  return product;
}

/** The last change, under the version that it had, and so under the same id however often it is told. */
const publishProductChanged = (
  { sku, name, price, capacity, published_version }: Product,
  cause: Cause,
): Publication => ({
  aggregate: productKey(sku).pk,
  events: [ProductChanged.make({ sku, name, price, capacity, version: published_version }, cause)],
});

const applyStock = (unit: UnitOfWork, { data }: StockChangedEvent): Promise<void> =>
  commit(unit, async (read) => {
    const key = productKey(data.sku);
    const row = await read.get(key);
    if (!row) throw new PrerequisiteMissing(`not heard of yet: ${data.sku}`);
    const before = parseProduct(row);
    const next = applyClaimed(before, data);
    if (!next) count('StaleUpdates');
    if (!next) return { writes: [], result: undefined };
    const { claimed, claimed_version, version } = next;
    const set = { claimed, claimed_version, version };
    return { writes: [{ op: 'update', key, set, when: versionIs(before.version) }], result: undefined };
  });
