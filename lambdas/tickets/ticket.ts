import type { Item } from '../../events/items.ts';
import type { TicketRejectionReason } from '../../events/tickets/ticket-rejected.ts';

/** How much there is of a product, and how much of it orders have claimed. Each change is a new version. */
export interface Stock {
  readonly sku: string;
  readonly capacity: number;
  readonly claimed: number;
  readonly version: number;
  /** Of the product that the capacity was heard with. */
  readonly product_version: number;
}

/** One seat of a product. */
export interface SeatOfProduct {
  readonly sku: string;
  readonly seat: string;
}

export type Claim =
  /** With the stock as it is after. */
  | { readonly decision: 'issued'; readonly stock: readonly Stock[] }
  | ({ readonly decision: 'rejected' } & Rejection)
  /** A product that has not been heard of here. */
  | { readonly decision: 'unknown'; readonly skus: readonly string[] };

export interface Rejection {
  readonly reason: TicketRejectionReason;
  readonly sku: string;
  readonly seat?: string | undefined;
}

/** The seats that an order names. */
export const seatsOf = (items: readonly Item[]): SeatOfProduct[] =>
  items.flatMap(({ sku, seat }) => (seat === undefined ? [] : [{ sku, seat }]));

/** How much of each product an order is for, all of its lines together; a seat is one as well. */
export function quantitiesOf(items: readonly Item[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { sku, quantity } of items) sums.set(sku, (sums.get(sku) ?? 0) + quantity);
  return sums;
}

/** The same for orders that want the same products, in whichever lines: those contend for the same stock. */
export const productGroupOf = (items: readonly Item[]): string => [...quantitiesOf(items).keys()].sort().join(' ');

/**
 * Decides what an order claims, all of it or nothing. A seat that is taken is the reason before stock that is sold out.
 * An order for nothing in particular always gets its ticket.
 */
export function claim(items: readonly Item[], stock: readonly Stock[], taken: readonly SeatOfProduct[]): Claim {
  const wanted = quantitiesOf(items);
  const held = stock.filter(({ sku }) => wanted.has(sku));
  const unknown = [...wanted.keys()].filter((sku) => !held.some((one) => one.sku === sku));
  if (unknown.length > 0) return { decision: 'unknown', skus: unknown };
  const gone = seatsOf(items).find((seat) => taken.some((one) => isSameSeat(one, seat)));
  if (gone) return { decision: 'rejected', reason: 'seat_taken', sku: gone.sku, seat: gone.seat };
  const short = held.find(({ sku, capacity, claimed }) => capacity - claimed < (wanted.get(sku) ?? 0));
  if (short) return { decision: 'rejected', reason: 'sold_out', sku: short.sku };
  return { decision: 'issued', stock: held.map((one) => withClaimed(one, wanted.get(one.sku) ?? 0)) };
}

const isSameSeat = (one: SeatOfProduct, other: SeatOfProduct): boolean =>
  one.sku === other.sku && one.seat === other.seat;

/** What several orders claim one after the other, and the stock that has changed by all of it. */
export interface Claims<Order> {
  readonly claims: readonly { readonly order: Order; readonly claim: Claim }[];
  readonly stock: readonly Stock[];
}

/** Decides orders in turn, each on what the ones before it have left. The stock is changed once, however many claim it. */
export function claimInSequence<Order extends { readonly items?: readonly Item[] | undefined }>(
  orders: readonly Order[],
  stock: readonly Stock[],
  taken: readonly SeatOfProduct[],
): Claims<Order> {
  const left = new Map(stock.map((one) => [one.sku, one]));
  const gone = [...taken];
  const claims = orders.map((order) => {
    const { items = [] } = order;
    const made = claim(items, [...left.values()], gone);
    if (made.decision === 'issued') {
      for (const one of made.stock) left.set(one.sku, one);
      gone.push(...seatsOf(items));
    }
    return { order, claim: made };
  });
  const changed = stock.flatMap(({ sku, version }) => {
    const after = left.get(sku);
    return after && after.version > version ? [{ ...after, version: version + 1 }] : [];
  });
  return { claims, stock: changed };
}

/** The stock after what an order claimed is free again. One that was made anew by hand may know nothing of the claim. */
export function releaseClaims(items: readonly Item[], stock: readonly Stock[]): Stock[] {
  const held = quantitiesOf(items);
  return stock.map((one) => withClaimed(one, -(held.get(one.sku) ?? 0)));
}

const withClaimed = (stock: Stock, quantity: number): Stock => ({
  ...stock,
  claimed: Math.max(0, stock.claimed + quantity),
  version: stock.version + 1,
});

/** How much there is of a product, as catalog says it. */
export interface ProductCapacity {
  readonly sku: string;
  readonly capacity: number;
  readonly version: number;
}

/**
 * The stock by the newest word of catalog, or nothing where that has been heard or overtaken. A capacity below what is
 * claimed takes nobody's ticket away; it only stops the sale.
 */
export function applyCapacity(
  stock: Stock | undefined,
  { sku, capacity, version }: ProductCapacity,
): Stock | undefined {
  if (!stock) return { sku, capacity, claimed: 0, version: 0, product_version: version };
  if (version <= stock.product_version) return undefined;
  return { ...stock, capacity, version: stock.version + 1, product_version: version };
}
