import type { Item } from '../../events/items.ts';
import { MAX_AMOUNT } from '../../events/money.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import type { Reader } from '../shared/store/store.ts';
import { faultOfTotal, type PricedItems, type PricedLine } from './price-rules.ts';
import { type Price, type PriceRequest, readPrice } from './pricing.ts';
import { isExpired, parseQuote, quoteKey, type StoredQuote } from './quote-row.ts';

/** The price of an order's items. `quote_id` names the quote that it comes from, if the caller named one. */
export type Quote = Price & { readonly quote_id?: string | undefined };

export interface QuoteRequest extends PriceRequest {
  /** The quote whose price the caller wants to pay. */
  readonly quote_id?: string | undefined;
}

/**
 * Returns what items cost: by the rules that are valid now, or by the quote that the caller names. This is the port of
 * the catalog for other contexts. Reads are strongly consistent, and the caller needs read access only.
 */
export async function quote(reader: Reader, request: QuoteRequest, now: () => number): Promise<Quote> {
  if (request.quote_id !== undefined) return readQuoted(reader, request.quote_id, request, now);
  return requirePayable(await readPrice(reader, request, now));
}

/** Throws if the total cannot be the amount of an order. */
function requirePayable<P extends Price>(price: P): P {
  const rejection = rejectionOf(price);
  if (rejection) throw rejection;
  return price;
}

/** Returns the rejection of a total that cannot be the amount of an order. */
export function rejectionOf({ total }: PricedItems): Rejected | undefined {
  switch (faultOfTotal(total)) {
    case 'zero':
      return new Rejected('amount_zero', 'The items cost 0, and the minimum amount of an order is 1.', 422);
    case 'above_maximum':
      return new Rejected(
        'amount_limit',
        // A price above the maximum is cut before it is added, so the total is not what the items cost.
        `The items cost more than ${MAX_AMOUNT}, the maximum amount of an order.`,
        422,
      );
    default:
      return undefined;
  }
}

/** The quote is checked at the time that becomes the time of the order: after it was read. */
async function readQuoted(reader: Reader, id: string, request: PriceRequest, now: () => number): Promise<Quote> {
  const row = await reader.get(quoteKey(id));
  const stored = row && !isExpired(row, now()) ? parseQuote(row) : undefined;
  // To another user, the response is that of an unknown id, so that nobody learns about the quotes of others.
  if (!stored || (stored.user_id !== undefined && stored.user_id !== request.user_id))
    throw new Rejected('quote_not_found', `There is no quote ${id} for this user.`, 404);
  const lines = linesOf(stored, request.items);
  if (!lines)
    throw new Rejected(
      'quote_items_differ',
      `The quote ${id} is for other items. Request a quote for these items, or leave out the quote_id.`,
      422,
    );
  const decidedMs = now();
  if (decidedMs >= stored.validUntilMs)
    throw new Rejected(
      'quote_expired',
      `The quote ${id} expired at ${toIso(stored.validUntilMs)}. Request a new one, or leave out the quote_id.`,
    );
  const { quote_id, rules_version, total } = stored;
  return { quote_id, rules_version, total, lines, decidedMs };
}

/** Returns the quote's lines in the order of the items, or nothing if the items are not those of the quote. */
function linesOf(stored: StoredQuote, items: readonly Item[]): PricedLine[] | undefined {
  const remaining = [...stored.lines];
  const lines = items.flatMap((item) => {
    const index = remaining.findIndex((line) => isSameItem(line, item));
    return index < 0 ? [] : remaining.splice(index, 1);
  });
  return lines.length === items.length && remaining.length === 0 ? lines : undefined;
}

const isSameItem = (a: Item, b: Item): boolean => a.sku === b.sku && a.quantity === b.quantity && a.seat === b.seat;
