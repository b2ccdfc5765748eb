import type { CacheEnvironment } from '../shared/cache/environment.ts';
import type { CacheRequest, ReadCache } from '../shared/cache/read-cache.ts';
import { type CacheStatus, worstStatus } from '../shared/cache/x-cache.ts';
import type { UnitOfWork } from '../shared/store/commit.ts';
import type { CachedProducts } from './cached-products.ts';
import { customerKey, tagsOf } from './customer-store.ts';
import { createBasis, type Price, type PriceRequest, priceAt, readPrice } from './pricing.ts';
import { rulesCache, VALID_RULES } from './rules-cache.ts';
import { parseRules, type RulesVersion, rulesKey } from './rules-row.ts';

export const createRulesCache = (environment: CacheEnvironment): ReadCache<RulesVersion> =>
  environment.createCache(rulesCache);

interface ShownPrice {
  readonly price: Price;
  readonly status: CacheStatus;
}

/**
 * Returns prices as they are shown: from cached products and rules. They may be older than those that an order is
 * charged, which `quote()` always reads from the table.
 */
export function shownPrices(cache: ReadCache<RulesVersion>, products: CachedProducts, work: UnitOfWork) {
  const { store, clock, deadlineMs } = work;
  const request: CacheRequest<RulesVersion> = {
    deadlineMs,
    load: async () => {
      const value = parseRules(await store.get(rulesKey));
      return new Map([[VALID_RULES, { value, version: value.version }]]);
    },
  };
  /** Tags are read only if a rule asks for one. They are not cached: one change of them concerns one customer. */
  const readTags = async ({ set }: RulesVersion, userId: string | undefined): Promise<readonly string[]> =>
    userId !== undefined && set.rules.some(({ when }) => when?.customer_tag !== undefined)
      ? tagsOf(await store.get(customerKey(userId)))
      : [];
  return {
    read: async ({ items, user_id }: PriceRequest): Promise<ShownPrice> => {
      const skus = [...new Set(items.map(({ sku }) => sku))];
      const [found, cached] = await Promise.all([products.getMany(skus), cache.get(VALID_RULES, request)]);
      const rules = cached.value;
      // The cache does not know a product that was created a moment ago.
      if (rules === undefined || found.products.length < skus.length)
        return { price: await readPrice(store, { items, user_id }, () => clock.now()), status: 'miss' };
      const basis = createBasis(items, found.products, { tags: await readTags(rules, user_id), rules });
      return { price: priceAt(basis, clock.now()), status: worstStatus([found.status, cached.status]) };
    },
    /** Keeps the rules that this environment has written, so that its caller sees their prices at once. */
    remember: (rules: RulesVersion): void => cache.remember(VALID_RULES, { value: rules, version: rules.version }),
  };
}
export type ShownPrices = ReturnType<typeof shownPrices>;
