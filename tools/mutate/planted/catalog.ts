import { bugsIn, type PlantedBug } from '../planted-bug.ts';

/** Bugs in the catalog: each of them would sell at a wrong price. */
export const plantedInCatalog: readonly PlantedBug[] = [
  ...bugsIn('lambdas/catalog/price-rules.ts', [
    {
      name: 'price without the quantity',
      find: 'amount: final * quantity',
      replace: 'amount: final',
      consequence: 'Twenty items cost as much as one.',
      caughtBy: ['test/unit/catalog/products.test.ts', 'is the sum of its lines at current prices'],
    },
  ]),
  ...bugsIn('lambdas/catalog/pricing.ts', [
    {
      name: 'unknown product is free',
      find: 'if (unknown.length > 0) throw',
      replace: 'if (unknown.length > skus.length) throw',
      consequence: 'An order for a product that does not exist costs nothing.',
      caughtBy: ['test/unit/catalog/products.test.ts', 'rejects unknown products and names each of them'],
    },
  ]),
  ...bugsIn('lambdas/catalog/product-store.ts', [
    {
      name: 'product without its version',
      find: "{ op: 'update', key, set, when: versionIs(before.version) }\n      : ",
      replace: "{ op: 'update', key, set, when: undefined as never }\n      : ",
      consequence: 'Two concurrent changes of a product get the same version, and tickets ignores one of them.',
      caughtBy: [
        'test/unit/catalog/written-conditions.test.ts',
        'a product is created only if it is absent, and changed under its version',
      ],
    },
    {
      name: 'new product without absent',
      find: 'list: PRODUCT_LIST }, when: absent };',
      replace: 'list: PRODUCT_LIST } };',
      consequence: 'Two concurrent requests create a product twice with the same version.',
      caughtBy: [
        'test/unit/catalog/written-conditions.test.ts',
        'a product is created only if it is absent, and changed under its version',
      ],
    },
    {
      name: 'claims without the version of the product',
      find: "writes: [{ op: 'update', key, set, when: versionIs(before.version) }], result: undefined };",
      replace: "writes: [{ op: 'update', key, set, when: undefined as never }], result: undefined };",
      consequence: 'An update of the claims sets the version of the product back.',
      caughtBy: [
        'test/unit/catalog/written-conditions.test.ts',
        'a product is created only if it is absent, and changed under its version',
      ],
    },
  ]),
  ...bugsIn('lambdas/catalog/product.ts', [
    {
      name: 'product that stays as it is keeps its version',
      find: 'return { ...product, version };',
      replace: 'return version > 0 ? product : { ...product, version };',
      consequence: 'A price that was taken back becomes valid again when the late write of its request arrives.',
      caughtBy: ['test/simulation/prices.test.ts', 'does not return if it was one of'],
    },
    {
      name: 'old claims are applied',
      find: 'if (version <= product.claimed_version) return undefined;',
      replace: '',
      consequence: 'A late event shows stock as available that is sold.',
      caughtBy: ['test/unit/catalog/product.test.ts', 'changes nothing if the version is older or the same'],
    },
  ]),
];
