import type { ProductChanged } from '../../events/catalog/product-changed.ts';
import type { EventOf } from '../../events/envelope.ts';
import type { Item } from '../../events/items.ts';
import type { TicketRejectionReason } from '../../events/tickets/ticket-rejected.ts';

/** The capacity of a product, and how much of it orders have claimed. Each change has the next version. */
export interface Stock {
  readonly sku: string;
  readonly capacity: number;
  readonly claimed: number;
  readonly version: number;
  /** The version of the product that the capacity comes from. */
  readonly product_version: number;
}

export interface SeatOfProduct {
  readonly sku: string;
  readonly seat: string;
}

export type Claim =
  /** `stock` is the stock after the claim. */
  | { readonly decision: 'issued'; readonly stock: readonly Stock[] }
  | {
      readonly decision: 'rejected';
      readonly reason: TicketRejectionReason;
      readonly sku: string;
      readonly seat?: string | undefined;
    }
  /** These products have no stock row yet, because their `ProductChanged` has not been received. */
  | { readonly decision: 'unknown'; readonly skus: readonly string[] };

export const seatsOf = (items: readonly Item[]): SeatOfProduct[] =>
  items.flatMap(({ sku, seat }) => (seat === undefined ? [] : [{ sku, seat }]));

/** Returns the quantity of each product in an order, summed over its lines. A seat counts as one. */
export function quantitiesOf(items: readonly Item[]): Map<string, number> {
  const quantities = new Map<string, number>();
  for (const { sku, quantity } of items) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity);
  return quantities;
}

/** Returns a key that is equal for all orders of the same products, since those contend for the same stock rows. */
export const productGroupOf = (items: readonly Item[]): string => [...quantitiesOf(items).keys()].sort().join(' ');

/**
 * Decides what an order claims: all of its lines or nothing. If a seat is taken and stock is sold out, the seat is the
 * reason of the rejection. An order without items always gets its ticket.
 */
export function claim(items: readonly Item[], stock: readonly Stock[], takenSeats: readonly SeatOfProduct[]): Claim {
  const quantities = quantitiesOf(items);
  const orderStock = stock.filter(({ sku }) => quantities.has(sku));
  const unknownSkus = [...quantities.keys()].filter((sku) => !orderStock.some((product) => product.sku === sku));
  if (unknownSkus.length > 0) return { decision: 'unknown', skus: unknownSkus };
  const taken = seatsOf(items).find((seat) => takenSeats.some((takenSeat) => isSameSeat(takenSeat, seat)));
  if (taken) return { decision: 'rejected', reason: 'seat_taken', sku: taken.sku, seat: taken.seat };
  const soldOut = orderStock.find(({ sku, capacity, claimed }) => capacity - claimed < (quantities.get(sku) ?? 0));
  if (soldOut) return { decision: 'rejected', reason: 'sold_out', sku: soldOut.sku };
  return {
    decision: 'issued',
    stock: orderStock.map((product) => addToClaimed(product, quantities.get(product.sku) ?? 0)),
  };
}

const isSameSeat = (a: SeatOfProduct, b: SeatOfProduct): boolean => a.sku === b.sku && a.seat === b.seat;

/**
 * Decides orders in sequence, each against what the orders before it have left. Returns the claims and the stock that
 * they have changed together. Each changed stock gets one next version, however many orders claim it, because it is
 * written once.
 */
export function claimInSequence<Order extends { readonly items?: readonly Item[] | undefined }>(
  orders: readonly Order[],
  stock: readonly Stock[],
  takenSeats: readonly SeatOfProduct[],
) {
  const stockBySku = new Map(stock.map((product) => [product.sku, product]));
  const taken = [...takenSeats];
  const claims = orders.map((order) => {
    const { items = [] } = order;
    const decided = claim(items, [...stockBySku.values()], taken);
    if (decided.decision === 'issued') {
      for (const product of decided.stock) stockBySku.set(product.sku, product);
      taken.push(...seatsOf(items));
    }
    return { order, claim: decided };
  });
  const changed = stock.flatMap(({ sku, version }) => {
    const after = stockBySku.get(sku);
    return after && after.version > version ? [{ ...after, version: version + 1 }] : [];
  });
  return { claims, stock: changed };
}

export function releaseClaims(items: readonly Item[], stock: readonly Stock[]): Stock[] {
  const quantities = quantitiesOf(items);
  return stock.map((product) => addToClaimed(product, -(quantities.get(product.sku) ?? 0)));
}

const addToClaimed = (stock: Stock, quantity: number): Stock => ({
  ...stock,
  // A stock row that an operator has created again may not include the claim that is released.
  claimed: Math.max(0, stock.claimed + quantity),
  version: stock.version + 1,
});

/**
 * Returns the stock with the new capacity, or nothing if this version of the product or a newer one was applied before.
 * A capacity below the claimed quantity voids no ticket; it only stops the sale. New stock starts at `firstVersion`,
 * which must be above all versions before, in case an operator has deleted the row: a version is published only once.
 */
export function applyCapacity(
  stock: Stock | undefined,
  { sku, capacity, version }: Pick<EventOf<typeof ProductChanged>['data'], 'sku' | 'capacity' | 'version'>,
  firstVersion: number,
): Stock | undefined {
  if (!stock) return { sku, capacity, claimed: 0, version: firstVersion, product_version: version };
  if (version <= stock.product_version) return undefined;
  return { ...stock, capacity, version: stock.version + 1, product_version: version };
}
