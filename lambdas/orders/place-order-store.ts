import { assertSameRequest, type RequestIdentity } from '../shared/http/idempotency.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import { logger } from '../shared/runtime/observability.ts';
import { type CommitOutcome, commitOnce, type UnitOfWork } from '../shared/store/commit.ts';
import type { Row } from '../shared/store/store.ts';
import { type Order, type PlacedOrder, place } from './order.ts';
import { orderKey } from './order-row.ts';
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

/** Places an order once for each request identity. A replay returns the order as it was placed. */
export async function placeOnce(work: UnitOfWork, request: OrderRequest): Promise<Placement> {
  // A replay must be found before the price is read, because the price may have changed since.
  const existing = await findPlaced(work, request);
  if (existing) return replay(existing, request.identity);
  const outcome = await placeNew(work, request).catch(async (error: unknown) => {
    // The price may have changed while the first attempt was in progress. That attempt may have succeeded by now.
    const concurrent = error instanceof Rejected ? await findPlaced(work, request) : undefined;
    if (concurrent) return { existing: concurrent };
    throw error;
  });
  if (outcome.existing) return replay(outcome.existing, request.identity);
  logger.info('order placed', { order_id: outcome.result.id });
  return { order: outcome.result, replayed: false };
}

async function placeNew(work: UnitOfWork, request: OrderRequest): Promise<CommitOutcome<Order>> {
  const { order, identity, correlationId } = request;
  const priced = await determinePrice(request);
  const created_at = toIso(priced.decidedMs ?? work.clock.now());
  const { user_id, description, items, metadata } = order;
  const { amount, pricing } = priced;
  const placed = place({ id: identity.id, user_id, amount, description, items, pricing, metadata, created_at });
  return commitOnce(work, async () => ({
    writes: [{ ...writeOrder(placed, identity), decides: true }],
    publish: [publishOrderCreated(placed, causeOfPlacement(placed, correlationId))],
    result: placed,
  }));
}

/**
 * Returns the order that this request has already placed. A request without a key is never a replay, and the amount of
 * an order without items cannot have changed, so neither needs this read.
 */
const findPlaced = async ({ store }: UnitOfWork, { order, identity }: OrderRequest): Promise<Row | undefined> =>
  identity.hasKey && order.items ? store.get(orderKey(identity.id)) : undefined;

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
