/** A product of the catalog, with the claimed quantity that `tickets` has published last. */
export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly price: number;
  readonly capacity: number;
  /** The version of the whole row. Each change of the product and each update of `claimed` increments it. */
  readonly version: number;
  /** The version that was last published in `ProductChanged`. An update of `claimed` does not change it. */
  readonly published_version: number;
  readonly claimed: number;
  /** The version of the stock that `claimed` comes from; 0 before the first update. */
  readonly claimed_version: number;
}

export type ProductInput = Pick<Product, 'sku' | 'name' | 'price' | 'capacity'>;

/**
 * Returns the product with the new values. The version of the row is incremented even if nothing changes, so that an
 * earlier request whose write is still under way does not change the product after this one.
 */
export function applyInput(product: Product | undefined, input: ProductInput): Product {
  if (!product) return { ...input, version: 1, published_version: 1, claimed: 0, claimed_version: 0 };
  const version = product.version + 1;
  if (hasValues(product, input)) return { ...product, version };
  const { name, price, capacity } = input;
  return { ...product, name, price, capacity, version, published_version: version };
}

export const hasValues = (product: Product, { name, price, capacity }: ProductInput): boolean =>
  name === product.name && price === product.price && capacity === product.capacity;

/** Returns the product with the new claimed quantity, or nothing if this version or a newer one was applied before. */
export function applyClaimed(
  product: Product,
  { claimed, version }: { claimed: number; version: number },
): Product | undefined {
  if (version <= product.claimed_version) return undefined;
  return { ...product, claimed, claimed_version: version, version: product.version + 1 };
}

/** Returns the quantity that is left; 0 if the capacity was lowered below the claimed quantity. */
export const availableOf = ({ capacity, claimed }: Product): number => Math.max(0, capacity - claimed);
