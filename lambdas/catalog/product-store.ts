import { ProductChanged } from '../../events/catalog/product-changed.ts';
import type { Cause, EventOf } from '../../events/envelope.ts';
import type { StockChanged } from '../../events/tickets/stock-changed.ts';
import { iso } from '../shared/clock.ts';
import { commit, type Unit } from '../shared/commit.ts';
import { AlreadyDone, NotYet, Rejected } from '../shared/errors.ts';
import { count, logger } from '../shared/observability.ts';
import type { Outgoing } from '../shared/outbox.ts';
import { absent, type Item, versionIs, type Write } from '../shared/store.ts';
import { change, hearClaimed, type Product, type Wanted } from './product.ts';
import { keptProduct, productKey, SHELF } from './product-row.ts';
import { productsOnShelf } from './table.ts';

export type StockChangedEvent = EventOf<typeof StockChanged>;

/** Products. With their row, the only place that knows their keys. */
export function productStore(unit: Unit) {
  const { store } = unit;
  return {
    /** Makes a product, or makes it like this. Where it is so already nothing is changed, but the world is told again. */
    put: (wanted: Wanted, correlationId: string) => put(unit, wanted, correlationId),
    get: async (sku: string): Promise<Product> => {
      const row = await store.get(productKey(sku));
      if (!row) throw new Rejected('product_not_found', `there is no product ${sku}`, 404);
      return keptProduct(row);
    },
    /** By sku. An index: a new product may be missing for a moment, and what is shown is as it is now. */
    list: async (page: { above?: string; limit: number }): Promise<Product[]> => {
      const keys = await store.query({ hash: SHELF, index: productsOnShelf, ...page });
      const rows: (Item | undefined)[] = [];
      for (let at = 0; at < keys.length; at += 100) rows.push(...(await store.getMany(keys.slice(at, at + 100))));
      return rows.filter((row) => row !== undefined).map(keptProduct);
    },
    /** Takes in how much of a product is claimed. */
    hear: (event: StockChangedEvent) => hear(unit, event),
  };
}
export type ProductStore = ReturnType<typeof productStore>;

async function put(unit: Unit, wanted: Wanted, correlationId: string): Promise<Product> {
  const cause = { time: iso(unit.clock.now()), correlation_id: correlationId, causation_id: correlationId };
  const { product, changed } = await commit(unit, async (read) => {
    const key = productKey(wanted.sku);
    const row = await read.get(key);
    const before = row && keptProduct(row);
    const next = change(before, wanted);
    if (next === before) return { writes: [], result: { product: next, changed: false } };
    const { name, price, capacity, version, stated_version } = next;
    const write: Write = before
      ? { op: 'update', key, set: { name, price, capacity, version, stated_version }, when: versionIs(before.version) }
      : { op: 'put', item: { ...key, ...next, shelf: SHELF }, when: absent };
    return { writes: [write], publish: [told(next, cause)], result: { product: next, changed: true } };
  });
  if (changed) logger.info('product changed', { sku: product.sku, version: product.version });
  else await tellAgain(unit, product, { ...cause, nudge: `put-${correlationId}` });
  return product;
}

/** Whoever has never heard of the product, since the event was lost, hears of it now. Once for each request. */
async function tellAgain(unit: Unit, product: Product, cause: Cause): Promise<void> {
  try {
    await commit(unit, async () => ({ writes: [], publish: [told(product, cause)], result: undefined }));
  } catch (error) {
    if (!(error instanceof AlreadyDone)) throw error;
  }
}

/** The last change, under the version that it had, and so under the same id however often it is told. */
const told = ({ sku, name, price, capacity, stated_version }: Product, cause: Cause): Outgoing => ({
  about: productKey(sku).pk,
  events: [ProductChanged.make({ sku, name, price, capacity, version: stated_version }, cause)],
});

const hear = (unit: Unit, { data }: StockChangedEvent): Promise<void> =>
  commit(unit, async (read) => {
    const key = productKey(data.sku);
    const row = await read.get(key);
    if (!row) throw new NotYet(`not heard of yet: ${data.sku}`);
    const before = keptProduct(row);
    const next = hearClaimed(before, data);
    if (!next) count('StaleUpdates');
    if (!next) return { writes: [], result: undefined };
    const { claimed, claimed_version, version } = next;
    const set = { claimed, claimed_version, version };
    return { writes: [{ op: 'update', key, set, when: versionIs(before.version) }], result: undefined };
  });
