import type { Item } from '../../events/items.ts';
import { CartCheckedOut } from '../../events/orders/cart-checked-out.ts';
import { assertSameRequest, type RequestIdentity } from '../shared/http/idempotency.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import { hashOf } from '../shared/runtime/ids.ts';
import { logger } from '../shared/runtime/observability.ts';
import { type Change, commit, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Key, type Reader, type Row, versionIs, type Write } from '../shared/store/store.ts';
import { type CartGeneration, orderIdOfCart } from './cart-order.ts';
import { type Order, type PlacedOrder, place } from './order.ts';
import { isRefusal, orderKey, versionOf } from './order-row.ts';
import {
  asPlaced,
  causeOfPlacement,
  type OrderPrice,
  type Placement,
  pricingOf,
  publishOrderCreated,
  requireAmount,
  writeOrder,
} from './placement.ts';
import { recordRefusal } from './refusal.ts';

/** A cart as the catalog shows it to orders. A cart that was checked out has no items, and keeps its id. */
export type CartToOrder = CartGeneration & { readonly items: Item[] };

export interface CheckoutRequest extends Pick<PlacedOrder, 'description' | 'metadata'> {
  readonly user_id: string;
  /** The price that the customer expects. */
  readonly amount?: number | undefined;
  /** The quote that the customer names. */
  readonly quote_id?: string | undefined;
  readonly identity: RequestIdentity;
  readonly correlationId: string;
  /** Returns the cart, if there is one that has not expired. */
  readonly readCart: () => Promise<CartToOrder | undefined>;
  readonly quotePrice: (items: readonly Item[]) => Promise<OrderPrice>;
}

/** The record of an Idempotency-Key: which order its request returned. */
const checkoutKey = (identityId: string): Key => ({ pk: `CHECKOUT#${identityId}`, sk: 'STATE' });

/**
 * Places the order of a cart. One generation of a cart leads to one order, however often it is checked out: its id
 * derives from the generation, so a second checkout finds the row, whichever key it has. It is refused if it names
 * other terms. A key is recorded with the order that it returned, so its repetition returns that order also when the
 * cart has other items by then. A request that is refused can be repeated, but no earlier write of it can place the
 * order after the refusal.
 */
export async function checkOutOnce(work: UnitOfWork, request: CheckoutRequest): Promise<Placement> {
  const { identity } = request;
  const placement = await commit(work, (read) => planCheckout(read, request)).catch(async (error: unknown) => {
    if (!(error instanceof Rejected && identity.hasKey)) throw error;
    const recorded = await recordRefusal(work, checkoutKey(identity.id));
    if (!recorded) throw error;
    return { order: await readRecorded(work.store, recorded, identity), replayed: true };
  });
  if (!placement.replayed) logger.info('cart checked out', { order_id: placement.order.id });
  return placement;
}

async function planCheckout(read: Reader, request: CheckoutRequest): Promise<Change<Placement>> {
  const { identity, readCart } = request;
  const recorded = identity.hasKey ? await read.get(checkoutKey(identity.id)) : undefined;
  if (recorded && !isRefusal(recorded))
    return { writes: [], result: { order: await readRecorded(read, recorded, identity), replayed: true } };
  const cart = await readCart();
  if (!cart) throw emptyCart();
  // The cart is read before the order. If the cart was emptied by then, its order is found.
  const existing = await read.get(orderKey(orderIdOfCart(cart)));
  if (existing) {
    const order = asPlaced(existing);
    requireSameTerms(request, order);
    return { writes: recordKey(identity, order, recorded), result: { order, replayed: true } };
  }
  if (cart.items.length === 0) throw emptyCart();
  return placeFromCart(cart, request, recorded);
}

/**
 * Throws if the request contradicts the order that was placed from the cart. A field that it leaves out does not. The
 * customer would otherwise take the order for the one that the request describes.
 */
function requireSameTerms({ amount, quote_id, description, metadata }: CheckoutRequest, order: Order): void {
  const placed = {
    amount: order.amount,
    quote_id: order.pricing?.quote_id,
    description: order.description,
    metadata: order.metadata,
  };
  const others = Object.entries({ amount, quote_id, description, metadata })
    .filter(([name, value]) => value !== undefined && hashOf(value) !== hashOf(placed[name as keyof typeof placed]))
    .map(([name]) => name);
  if (others.length === 0) return;
  throw new Rejected(
    'cart_already_ordered',
    `The cart was ordered already, and the order ${order.id} has another ${others.join(', ')} than this request. ` +
      'To order the same items once more, put them into the cart again.',
    409,
    { order_id: order.id },
  );
}

async function placeFromCart(
  { user_id, cart_id, items }: CartToOrder,
  { amount: expected, description, metadata, identity, correlationId, quotePrice }: CheckoutRequest,
  refusal: Row | undefined,
): Promise<Change<Placement>> {
  const price = await quotePrice(items);
  requireAmount(expected, price);
  const order = place({
    id: orderIdOfCart({ user_id, cart_id }),
    user_id,
    amount: price.total,
    description,
    items,
    pricing: pricingOf(price),
    cart_id,
    metadata,
    created_at: toIso(price.decidedMs),
  });
  const cause = causeOfPlacement(order, correlationId);
  const checkedOut = CartCheckedOut.make({ order_id: order.id, user_id, cart_id }, cause);
  return {
    // No write decides alone: if one is refused, the next attempt reads which of the two rows exists.
    writes: [writeOrder(order, identity), ...recordKey(identity, order, refusal)],
    publish: [publishOrderCreated(order, cause, checkedOut)],
    result: { order, replayed: false },
  };
}

/** Returns the order that the key's request returned. Both rows are written in one transaction, or the order first. */
async function readRecorded(read: Reader, recorded: Row, identity: RequestIdentity): Promise<Order> {
  assertSameRequest(recorded, identity);
  const row = await read.get(orderKey(String(recorded['order_id'])));
  if (!row) throw new Error(`the order ${String(recorded['order_id'])} of a checkout does not exist`);
  return asPlaced(row);
}

/** Returns the write of the key's record. It replaces the refusal of an earlier attempt, if there was one. */
function recordKey({ id, body_hash, hasKey }: RequestIdentity, order: Order, refusal: Row | undefined): Write[] {
  const when = refusal ? versionIs(versionOf(refusal)) : absent;
  return hasKey ? [{ op: 'put', row: { ...checkoutKey(id), order_id: order.id, body_hash }, when }] : [];
}

const emptyCart = (): Rejected =>
  new Rejected('cart_empty', 'The cart is empty or has expired. Put items into it before you check it out.');
