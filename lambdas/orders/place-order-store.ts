import { OrderCreated } from '../../events/orders/order-created.ts';
import { assertSameRequest, type RequestIdentity } from '../shared/http/idempotency.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import { logger } from '../shared/runtime/observability.ts';
import { type CommitOutcome, commitOnce, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Row } from '../shared/store/store.ts';
import { type Order, type PlacedOrder, place } from './order.ts';
import { createOrderRow, createPublication, orderKey, parseOrder } from './order-row.ts';

/** The fields of an order that its customer chooses. Without `amount`, the order costs the price of its items. */
export type NewOrder = Omit<PlacedOrder, 'id' | 'amount' | 'created_at'> & { readonly amount?: number | undefined };

export interface OrderRequest {
  readonly order: NewOrder;
  readonly identity: RequestIdentity;
  readonly correlationId: string;
  /** Returns the current price of the order's items. */
  readonly quotePrice: () => Promise<number>;
}

interface Placement {
  readonly order: Order;
  readonly replayed: boolean;
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
  const { identity, correlationId } = request;
  const amount = await determineAmount(request);
  const placed = place({ ...request.order, id: identity.id, amount, created_at: toIso(work.clock.now()) });
  const { id, user_id, description, items, created_at } = placed;
  const created = OrderCreated.make(
    { order_id: id, user_id, amount, description, items, created_at },
    { time: created_at, correlation_id: id, causation_id: correlationId },
  );
  return commitOnce(work, async () => ({
    writes: [{ op: 'put', row: createOrderRow(placed, identity), when: absent, decides: true }],
    publish: [createPublication(id, created)],
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
  return { order: place(parseOrder(row).order), replayed: identity.hasKey };
}

async function determineAmount({ order: { amount, items }, quotePrice }: OrderRequest): Promise<number> {
  if (!items && amount !== undefined) return amount;
  const total = await quotePrice();
  if (amount !== undefined && amount !== total)
    throw new Rejected(
      'price_differs',
      `The items now cost ${total}, not ${amount}. Send the current price, or leave out the amount.`,
      422,
    );
  return total;
}
