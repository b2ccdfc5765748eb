import type { Item } from '../../events/items.ts';
import { MAX_AMOUNT } from '../../events/money.ts';

/** Inclusive bounds. A bound that is absent does not limit. */
export interface Range {
  readonly at_least?: number | undefined;
  readonly at_most?: number | undefined;
}

/** What must hold for a rule to apply: all conditions that it names. A rule without conditions always applies. */
export interface Conditions {
  /** The quantity of the product that is left, as far as the catalog knows. */
  readonly stock?: Range | undefined;
  /** From the first time on, and before the second. */
  readonly time?: { readonly from?: string | undefined; readonly until?: string | undefined } | undefined;
  /** The quantity of the product in all lines together, since each seat is a line of its own. */
  readonly quantity?: Range | undefined;
  /** The sum of all lines at their list prices. */
  readonly cart_total?: Range | undefined;
  /** A tag of the customer, which only an admin assigns. */
  readonly customer_tag?: string | undefined;
}

/** What a rule does to the price of one unit: −1250 basis points are 12.5 % off, an amount of 300 is 300 up. */
export type Effect =
  | { readonly type: 'percent'; readonly basis_points: number }
  | { readonly type: 'amount'; readonly amount: number }
  | { readonly type: 'price'; readonly price: number };

export interface PriceRule {
  readonly id: string;
  readonly description?: string | undefined;
  /** The products that it concerns; all products if absent. */
  readonly skus?: string[] | undefined;
  readonly when?: Conditions | undefined;
  readonly effect: Effect;
}

/** `first_match`: the first rule that applies to a line sets its price. `combine`: all of them do, in their order. */
export interface RuleSet {
  readonly mode: 'first_match' | 'combine';
  readonly rules: PriceRule[];
}

/** A line of a cart or an order with what the catalog knows about its product. */
export type ListedItem = Item & { readonly list_price: number; readonly available: number };

/** A rule that set the price of a line: the price of one unit before and after it. */
export interface AppliedRule {
  readonly rule: string;
  readonly before: number;
  readonly after: number;
}

/** `price` is the price of one unit, and `amount` that of the line. */
export type PricedLine = Item & {
  readonly list_price: number;
  readonly price: number;
  readonly amount: number;
  readonly rules: AppliedRule[];
};

export interface PricedItems {
  readonly total: number;
  readonly lines: PricedLine[];
}

/** The customer's tags, and the time of the price in ms since the epoch. */
export interface Circumstances {
  readonly now: number;
  readonly tags: readonly string[];
}

/** 10,000 basis points are 100 %. */
const WHOLE = 10_000n;
/** A price above the maximum is returned as one that is too high by 1: it is rejected, and sums of it stay exact. */
const ABOVE_MAXIMUM = BigInt(MAX_AMOUNT) + 1n;

/**
 * Returns what items cost by a set of rules. All arithmetic is in integers. The price of one unit is rounded half up
 * after each rule and is never below zero, so the total is always the sum of price times quantity.
 */
export function priceItems(
  { mode, rules }: RuleSet,
  items: readonly ListedItem[],
  circumstances: Circumstances,
): PricedItems {
  const cartTotal = sumOf(items, ({ list_price, quantity }) => list_price * quantity);
  const quantityOf = (sku: string) =>
    sumOf(
      items.filter((item) => item.sku === sku),
      (item) => item.quantity,
    );
  const lines = items.map((item) => {
    const quantity = quantityOf(item.sku);
    const matching = rules.filter((rule) => applies(rule, item, { ...circumstances, cartTotal, quantity }));
    return priceLine(item, mode === 'first_match' ? matching.slice(0, 1) : matching);
  });
  return { total: sumOf(lines, ({ amount }) => amount), lines };
}

/** Returns why nobody can pay this total: an order costs at least 1 and at most `MAX_AMOUNT`. */
export function faultOfTotal(total: number): 'zero' | 'above_maximum' | undefined {
  if (total < 1) return 'zero';
  return total > MAX_AMOUNT ? 'above_maximum' : undefined;
}

/** A sum stays below 2^53: there are at most 20 lines of 20 items, and no price is above `MAX_AMOUNT` + 1. */
const sumOf = <T>(values: readonly T[], numberOf: (value: T) => number): number =>
  values.reduce((sum, value) => sum + numberOf(value), 0);

function applies(
  { skus, when = {} }: PriceRule,
  { sku, available }: ListedItem,
  { now, tags, cartTotal, quantity }: Circumstances & { readonly cartTotal: number; readonly quantity: number },
): boolean {
  const { stock, time, customer_tag } = when;
  return (
    (skus === undefined || skus.includes(sku)) &&
    contains(stock, available) &&
    contains(when.quantity, quantity) &&
    contains(when.cart_total, cartTotal) &&
    (time?.from === undefined || now >= Date.parse(time.from)) &&
    (time?.until === undefined || now < Date.parse(time.until)) &&
    (customer_tag === undefined || tags.includes(customer_tag))
  );
}

const contains = ({ at_least, at_most }: Range = {}, value: number): boolean =>
  (at_least === undefined || value >= at_least) && (at_most === undefined || value <= at_most);

function priceLine({ sku, quantity, seat, list_price }: ListedItem, rules: readonly PriceRule[]): PricedLine {
  const applied: AppliedRule[] = [];
  let price = BigInt(list_price);
  for (const { id, effect } of rules) {
    const after = priceAfter(price, effect);
    applied.push({ rule: id, before: toAmount(price), after: toAmount(after) });
    price = after;
  }
  const final = toAmount(price);
  return {
    sku,
    quantity,
    ...(seat === undefined ? {} : { seat }),
    list_price,
    price: final,
    amount: final * quantity,
    rules: applied,
  };
}

/** A percentage of the maximum price passes 2^53, and so may the price between two rules, so both are bigints. */
function priceAfter(price: bigint, effect: Effect): bigint {
  switch (effect.type) {
    case 'percent':
      return dividedHalfUp(price * (WHOLE + BigInt(effect.basis_points)), WHOLE);
    case 'amount': {
      const after = price + BigInt(effect.amount);
      return after < 0n ? 0n : after;
    }
    case 'price':
      return BigInt(effect.price);
  }
}

/** Divides and rounds half up. Neither number is negative, so the bigint division, which truncates, rounds down. */
const dividedHalfUp = (dividend: bigint, divisor: bigint): bigint => (2n * dividend + divisor) / (2n * divisor);

const toAmount = (price: bigint): number => Number(price > ABOVE_MAXIMUM ? ABOVE_MAXIMUM : price);
