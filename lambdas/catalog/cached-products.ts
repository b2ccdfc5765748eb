import type { CacheEnvironment } from '../shared/cache/environment.ts';
import { type Cached, type CacheRequest, ReadCache } from '../shared/cache/read-cache.ts';
import { type CacheStatus, worstStatus } from '../shared/cache/x-cache.ts';
import { Busy, Rejected } from '../shared/runtime/errors.ts';
import type { UnitOfWork } from '../shared/store/commit.ts';
import type { TablePorts } from '../shared/store/tables.ts';
import type { Product } from './product.ts';
import { productCache } from './product-cache.ts';
import type { ProductStore, SkuPage } from './product-store.ts';

/** A page names SKUs only. A new product is missing in it for this time at most, and while the index lags. */
const PAGE_TTL_MS = 1000;
/**
 * The SKUs tell which products are loaded together, and which ones exist, so that an unknown product takes no lease. An
 * old list only costs further loads.
 */
const ALL_SKUS_TTL_MS = 300_000;
/** A list of this length takes 15 read units. Products behind it are loaded one by one, whether they exist or not. */
const MAX_SKUS = 2000;
const MAX_CHARACTERS = 500_000;

/** The caches of one execution environment. */
export interface ProductCaches {
  readonly products: ReadCache<Product>;
  /** The SKUs of each page of the list. */
  readonly pages: ReadCache<readonly string[]>;
  readonly allSkus: ReadCache<readonly string[]>;
}

export const createProductCaches = (environment: CacheEnvironment, { clock }: TablePorts): ProductCaches => ({
  products: environment.createCache(productCache),
  pages: new ReadCache({ clock, ttlMs: PAGE_TTL_MS, maxCharacters: MAX_CHARACTERS }),
  allSkus: new ReadCache({ clock, ttlMs: ALL_SKUS_TTL_MS, maxCharacters: MAX_CHARACTERS }),
});

/** Returns the products as the cache has them. A placed order never reads a price here, but by `quote()`. */
export function cachedProducts({ products, pages, allSkus }: ProductCaches, store: ProductStore, work: UnitOfWork) {
  const { deadlineMs, clock } = work;
  const unlisted = new Set<string>();
  const request: CacheRequest<Product> = {
    deadlineMs,
    mayExist: async (sku) => {
      const listed = await readAllSkus();
      const isListed = !listed || listed.includes(sku) || (listed.length >= MAX_SKUS && sku > (listed.at(-1) ?? ''));
      if (!isListed) unlisted.add(sku);
      return isListed;
    },
    load: async (skus) => {
      const found = await store.getMany(skus);
      // A product was created after the list was read. With a new list, its row is shared by all environments.
      if (found.some(({ sku }) => unlisted.has(sku))) allSkus.distrustAll();
      return new Map(found.map((product) => [product.sku, { value: product, version: product.version }]));
    },
  };
  const readSkus = (cache: ReadCache<readonly string[]>, page: SkuPage): Promise<Cached<readonly string[]>> =>
    cache.get(`${page.limit}#${page.above ?? ''}`, {
      deadlineMs,
      load: async ([key = '']) => {
        // The index has no version, so the time of the load orders two lists.
        const version = clock.now();
        return new Map([[key, { value: await store.listSkus(page), version }]]);
      },
    });
  /** Returns the first SKUs, or nothing if they cannot be read now. */
  const readAllSkus = async (): Promise<readonly string[] | undefined> => {
    try {
      return (await readSkus(allSkus, { limit: MAX_SKUS, above: undefined })).value;
    } catch (error) {
      if (error instanceof Busy) return undefined;
      throw error;
    }
  };
  const companions = async (): Promise<readonly string[]> => (await readAllSkus()) ?? [];
  const getMany = async (skus: readonly string[]): Promise<{ products: Product[]; status: CacheStatus }> => {
    const cached = await products.getMany(skus, request);
    return {
      products: cached.flatMap(({ value }) => value ?? []),
      status: worstStatus(cached.map(({ status }) => status)),
    };
  };
  return {
    get: async (sku: string): Promise<{ product: Product; status: CacheStatus }> => {
      const { value: product, status } = await products.get(sku, { ...request, companions });
      if (!product) throw new Rejected('product_not_found', `There is no product ${sku}.`, 404);
      return { product, status };
    },
    /** Returns the products of these SKUs, in their order. Unknown SKUs are left out. */
    getMany,
    /** Lists products by SKU. A page can be outdated by a second; its products are as current as single ones. */
    list: async (page: SkuPage): Promise<{ skus: readonly string[]; products: Product[]; status: CacheStatus }> => {
      const { value: skus = [], status: pageStatus } = await readSkus(pages, page);
      const { products: found, status } = await getMany(skus);
      return { skus, products: found, status: worstStatus([pageStatus, status]) };
    },
    /** Keeps a product that this environment has written, so that its caller reads it back. */
    remember: (product: Product): void => {
      products.remember(product.sku, { value: product, version: product.version });
      if (product.version === 1) pages.distrustAll();
    },
  };
}
export type CachedProducts = ReturnType<typeof cachedProducts>;
