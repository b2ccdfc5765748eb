import * as z from 'zod/mini';
import type { CacheDefinition } from '../shared/cache/definition.ts';
import type { Product } from './product.ts';

const CachedProduct = z.object({
  sku: z.string(),
  name: z.string(),
  price: z.number(),
  capacity: z.number(),
  version: z.number(),
  published_version: z.number(),
  claimed: z.number(),
  claimed_version: z.number(),
});

/**
 * The cache of products by SKU. The API reads through it, and the consumer of `catalog-invalidation` keeps it current.
 * With 64 rows, 1,000 products take 4 KB in each, which one read unit covers (docs/adr/0015).
 */
export const productCache: CacheDefinition<Product> = {
  name: 'products',
  groups: 64,
  ttlMs: 300_000,
  absentTtlMs: 10_000,
  maxCharacters: 4_000_000,
  parse: (json) => CachedProduct.parse(json),
};
