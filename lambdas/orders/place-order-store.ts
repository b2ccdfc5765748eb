import { assertSameRequest, type RequestIdentity } from '../shared/http/idempotency.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { Busy, Rejected } from '../shared/runtime/errors.ts';
import { logger } from '../shared/runtime/observability.ts';
import { type CommitOutcome, commitOnce, type UnitOfWork } from '../shared/store/commit.ts';
import { type Row, versionIs } from '../shared/store/store.ts';
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

/** The fields of an order that its customer chooses. Without `amount`, the order costs the price of its items. */
export type NewOrder = Pick<PlacedOrder, 'user_id' | 'description' | 'items' | 'metadata'> & {
  readonly amount?: number | undefined;
};

export interface OrderRequest {
  readonly order: NewOrder;
  readonly identity: RequestIdentity;
  readonly correlationId: string;
  /** Returns the price of the order's items: the current one, or that of the quote that the customer names. */
  readonly quotePrice: () => Promise<OrderPrice>;
}

/**
 * Places an order once for each request identity. A replay returns the order as it was placed. A request that is
 * refused can still be repeated, but no earlier write of it can place the order after the refusal.
 */
export async function placeOnce(work: UnitOfWork, request: OrderRequest): Promise<Placement> {
  const { identity } = request;
  // A replay must be found before the price is read, because the price may have changed since.
  const before = mayBeRefusedLater(request) ? await work.store.get(orderKey(identity.id)) : undefined;
  if (before && !isRefusal(before)) return replay(before, identity);
  const outcome = await placeNew(work, request, before).catch(async (error: unknown) => {
    if (!(error instanceof Rejected && mayBeRefusedLater(request))) throw error;
    const placed = await recordRefusal(work, orderKey(identity.id));
    if (placed) return { existing: placed };
    throw error;
  });
  if (outcome.existing && isRefusal(outcome.existing)) {
    // The same request was refused meanwhile, so the price is read again. Both must have the same result.
    if (work.clock.now() > work.deadlineMs) throw new Busy('the request was refused by another attempt of it');
    return placeOnce(work, request);
  }
  if (outcome.existing) return replay(outcome.existing, identity);
  logger.info('order placed', { order_id: outcome.result.id });
  return { order: outcome.result, replayed: false };
}

/**
 * Returns whether the same request may be accepted at one time and refused at another. The amount of an order without
 * items cannot have changed, and a request without a key is never a replay.
 */
const mayBeRefusedLater = ({ order, identity }: OrderRequest): boolean => identity.hasKey && order.items !== undefined;

async function placeNew(
  work: UnitOfWork,
  request: OrderRequest,
  refusal: Row | undefined,
): Promise<CommitOutcome<Order>> {
  const { order, identity, correlationId } = request;
  const priced = await determinePrice(request);
  const created_at = toIso(priced.decidedMs ?? work.clock.now());
  const { user_id, description, items, metadata } = order;
  const { amount, pricing } = priced;
  const placed = place({ id: identity.id, user_id, amount, description, items, pricing, metadata, created_at });
  return commitOnce(work, async () => ({
    writes: [
      {
        ...writeOrder(placed, identity),
        ...(refusal ? { when: versionIs(versionOf(refusal)) } : {}),
        decides: true,
      },
    ],
    publish: [publishOrderCreated(placed, causeOfPlacement(placed, correlationId))],
    result: placed,
  }));
}

function replay(row: Row, identity: RequestIdentity): Placement {
  assertSameRequest(row, identity);
  return { order: asPlaced(row), replayed: identity.hasKey };
}

/** An order without items costs the amount that it names. */
async function determinePrice({ order: { amount, items }, quotePrice }: OrderRequest) {
  if (!items && amount !== undefined) return { amount };
  const price = await quotePrice();
  requireAmount(amount, price);
  return { amount: price.total, pricing: pricingOf(price), decidedMs: price.decidedMs };
}
