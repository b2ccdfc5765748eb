/** A product as catalog has it: what it is, and how much of it was claimed as last heard. */
export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly price: number;
  readonly capacity: number;
  /** Of the whole row: bumped by each change, and by each word of claims as well. */
  readonly version: number;
  /** Of the last change by hand: what the world was told of it, and is told again. */
  readonly published_version: number;
  readonly claimed: number;
  /** Of the stock that `claimed` was heard of; 0 before any. */
  readonly claimed_version: number;
}

export type ProductInput = Pick<Product, 'sku' | 'name' | 'price' | 'capacity'>;

/** The product as it is wanted: the very same where it is like that already. */
export function applyInput(product: Product | undefined, wanted: ProductInput): Product {
  if (!product) return { ...wanted, version: 1, published_version: 1, claimed: 0, claimed_version: 0 };
  const { name, price, capacity } = wanted;
  if (name === product.name && price === product.price && capacity === product.capacity) return product;
  const version = product.version + 1;
  return { ...product, name, price, capacity, version, published_version: version };
}

/** So many are claimed, unless that has been heard or overtaken. */
export function applyClaimed(product: Product, heard: { claimed: number; version: number }): Product | undefined {
  if (heard.version <= product.claimed_version) return undefined;
  return {
    ...product,
    claimed: heard.claimed,
    claimed_version: heard.version,
    version: product.version + 1,
  };
}

/** A capacity may be lowered below what is claimed already. */
export const availableOf = ({ capacity, claimed }: Product): number => Math.max(0, capacity - claimed);
