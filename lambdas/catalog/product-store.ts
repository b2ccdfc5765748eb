import { ProductChanged } from '../../events/catalog/product-changed.ts';
import type { Cause, EventOf } from '../../events/envelope.ts';
import type { StockChanged } from '../../events/tickets/stock-changed.ts';
import { publishChange } from '../shared/cache/invalidate.ts';
import { publishOnce } from '../shared/outbox/answer-nudge.ts';
import type { Publication } from '../shared/outbox/outbox-record.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { PrerequisiteMissing } from '../shared/runtime/errors.ts';
import { count, logger } from '../shared/runtime/observability.ts';
import { commit, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, readRows, versionIs, type Write } from '../shared/store/store.ts';
import { applyClaimed, applyInput, hasValues, type Product, type ProductInput } from './product.ts';
import { productCache } from './product-cache.ts';
import { PRODUCT_LIST, parseProduct, productKey } from './product-row.ts';
import { productsBySku } from './table.ts';
import { watchVersion } from './version-watch.ts';

export type StockChangedEvent = EventOf<typeof StockChanged>;

export interface SkuPage {
  readonly above: string | undefined;
  readonly limit: number;
}

export function productStore(work: UnitOfWork) {
  const { store } = work;
  return {
    put: (input: ProductInput, correlationId: string) => putProduct(work, input, correlationId),
    /** Returns the products of these SKUs that exist, in their order. */
    getMany: async (skus: readonly string[]): Promise<Product[]> =>
      (await readRows(store, skus.map(productKey))).map(parseProduct),
    /** Lists SKUs in their order. The index may lag, so a new product may be missing for a moment. */
    listSkus: async (page: SkuPage): Promise<string[]> => {
      const keys = await store.query({ partition: PRODUCT_LIST, index: productsBySku, ...page });
      return keys.map(({ sku }) => String(sku));
    },
    setClaimed: (event: StockChangedEvent) => setClaimed(work, event),
    /** Shows the current product in all execution environments, instead of the cached one. */
    publishToCaches: (sku: string) => publishToCaches(work, sku),
  };
}
export type ProductStore = ReturnType<typeof productStore>;

/**
 * Creates or changes a product and publishes `ProductChanged`. If nothing changes, it publishes the last
 * `ProductChanged` again, once for each request, so that consumers which have never received that event receive it now.
 */
async function putProduct(work: UnitOfWork, input: ProductInput, correlationId: string): Promise<Product> {
  const cause = { time: toIso(work.clock.now()), correlation_id: correlationId, causation_id: correlationId };
  const hasMoved = watchVersion();
  const { product, changed } = await commit(work, async (read) => {
    const key = productKey(input.sku);
    const row = await read.get(key);
    const before = row && parseProduct(row);
    if (hasMoved(before?.version) && before && hasValues(before, input))
      return { writes: [], result: { product: before, changed: false } };
    const next = applyInput(before, input);
    const { name, price, capacity, version, published_version } = next;
    const changed = published_version === version;
    const set = { name, price, capacity, version, published_version, ...(changed && { changed_at: cause.time }) };
    const write: Write = before
      ? { op: 'update', key, set, when: versionIs(before.version) }
      : { op: 'put', row: { ...key, ...next, changed_at: cause.time, list: PRODUCT_LIST }, when: absent };
    const publish = changed ? [publishProductChanged(next, cause)] : [];
    return { writes: [write], publish, result: { product: next, changed } };
  });
  if (changed) logger.info('product changed', { sku: product.sku, version: product.version });
  else await publishOnce(work, () => publishProductChanged(product, { ...cause, nudge: `put-${correlationId}` }));
  return product;
}

/** Publishes the last change under the version that it had, so the event has the same id each time. */
const publishProductChanged = (
  { sku, name, price, capacity, published_version }: Product,
  cause: Cause,
): Publication => ({
  aggregate: productKey(sku).pk,
  events: [ProductChanged.make({ sku, name, price, capacity, version: published_version }, cause)],
});

const setClaimed = (work: UnitOfWork, { data }: StockChangedEvent): Promise<void> =>
  commit(work, async (read) => {
    const key = productKey(data.sku);
    const row = await read.get(key);
    if (!row) throw new PrerequisiteMissing(`there is no product ${data.sku} yet`);
    const before = parseProduct(row);
    const next = applyClaimed(before, data);
    if (!next) {
      count('StaleUpdates');
      return { writes: [], result: undefined };
    }
    const { claimed, claimed_version, version } = next;
    const set = { claimed, claimed_version, version };
    return { writes: [{ op: 'update', key, set, when: versionIs(before.version) }], result: undefined };
  });

/** Reads the product itself, and not the event: a later event may have been processed before. */
async function publishToCaches({ store, clock, deadlineMs }: UnitOfWork, sku: string): Promise<void> {
  const readAtMs = clock.now();
  const row = await store.get(productKey(sku));
  if (!row) throw new PrerequisiteMissing(`there is no product ${sku} yet`);
  const product = parseProduct(row);
  await publishChange(
    { store, clock },
    productCache,
    { key: sku, version: product.version, value: product, readAtMs },
    deadlineMs,
  );
}
