import type { Cause } from '../../events/envelope.ts';
import { RefundRequested } from '../../events/orders/refund-requested.ts';
import { assertSameRequest, type RequestIdentity } from '../shared/http/idempotency.ts';
import { type DeadLetter, recordDeadLetter } from '../shared/messaging/dead-letter.ts';
import { causeOf, type MessageContext, type Receipts } from '../shared/messaging/receipt.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import { count } from '../shared/runtime/observability.ts';
import { type Change, commit, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, readRows, versionIs } from '../shared/store/store.ts';
import { type CheckoutRequest, checkOutOnce } from './checkout-store.ts';
import { type Order, type OrderEvent, refund, type Transition } from './order.ts';
import { createPublication, orderKey, parseOrder, refundKey, requireOrder } from './order-row.ts';
import { type OrderRequest, placeOnce } from './place-order-store.ts';
import { nudgeStuckOrders } from './stuck-orders.ts';
import { ordersByUser } from './table.ts';

export interface RefundRequest {
  readonly id: string;
  readonly note: string | undefined;
  readonly identity: RequestIdentity;
  readonly correlationId: string;
}

export function orderStore(work: UnitOfWork) {
  const { store, clock } = work;
  return {
    /** Places an order once for each request identity. A replay returns the order as it was placed. */
    place: (request: OrderRequest) => placeOnce(work, request),
    /** Places the order of a cart, once for each generation of the cart. */
    checkOut: (request: CheckoutRequest) => checkOutOnce(work, request),
    get: async (id: string): Promise<Order> => requireOrder(id, await store.get(orderKey(id))).order,
    /** Returns a user's orders, newest first. The list is read from an index, which may lag. */
    listByUser: async (userId: string, page: { below: string | undefined; limit: number }): Promise<Order[]> => {
      const keys = await store.query({ partition: userId, index: ordersByUser, newestFirst: true, ...page });
      return (await readRows(store, keys)).map((row) => parseOrder(row).order);
    },
    /** Writes the transition that an event causes, and the event's receipt. Without a transition, it writes nothing. */
    change: (
      event: OrderEvent,
      next: (order: Order, event: OrderEvent) => Transition | undefined,
      context: MessageContext,
    ) =>
      commit(work, async (read) => {
        const id = event.data.order_id;
        const { order, receipts } = requireOrder(id, await read.get(orderKey(id)));
        const transition = next(order, event);
        if (!transition) {
          count('Duplicates');
          return { writes: [], result: order };
        }
        const allReceipts = { ...receipts, ...context.createReceipt(event) };
        return changeState(order, transition, allReceipts, causeOf(event, clock.now()));
      }),
    /** Records that an event about an order was dead-lettered. */
    recordDeadLetter: (event: OrderEvent, deadLetter: DeadLetter) =>
      recordDeadLetter(work, orderKey(event.data.order_id).pk, event, deadLetter),
    /** Nudges the orders that wait beyond the limit. Returns their number, and how many of them are stuck for long. */
    nudgeStuck: (now: number, limitMinutes: number) => nudgeStuckOrders(work, now, limitMinutes),
    /** Starts a refund, once for each request identity. */
    refund: (request: RefundRequest) => refundOnce(work, request),
  };
}
export type OrderStore = ReturnType<typeof orderStore>;

/** Returns the write of the new state and, in the same transaction, the event of the refund that it requests. */
function changeState(order: Order, transition: Transition, receipts: Receipts, cause: Cause): Change<Order> {
  const changed = { version: order.version + 1, updated_at: cause.time };
  const set = { state: transition.state, receipts, ...changed };
  return {
    writes: [{ op: 'update', key: orderKey(order.id), set, when: versionIs(order.version) }],
    publish: transition.refund ? [createPublication(order.id, RefundRequested.make(transition.refund, cause))] : [],
    result: { ...order, ...transition.state, ...changed },
  };
}

const refundOnce = (work: UnitOfWork, { id, note, identity, correlationId }: RefundRequest) =>
  commit(work, async (read): Promise<Change<{ replayed: boolean }>> => {
    // The order is read first. If it shows the refund of this request, the row of that request is found too, because
    // both were written in one transaction. One request for both rows could miss it, since it is not a snapshot.
    const orderRow = await read.get(orderKey(id));
    const refundRow = await read.get(refundKey(id));
    if (refundRow && refundRow['request_id'] === identity.id) {
      assertSameRequest(refundRow, identity);
      return { writes: [], result: { replayed: identity.hasKey } };
    }
    const { order, receipts } = requireOrder(id, orderRow);
    const transition = refund(order, note);
    if (!transition)
      throw new Rejected(
        'not_refundable',
        `The order is ${order.status} and cannot be refunded. Only a FINISHED order can be refunded.`,
      );
    const cause = { time: toIso(work.clock.now()), correlation_id: id, causation_id: correlationId };
    const { writes, publish = [] } = changeState(order, transition, receipts, cause);
    const row = { ...refundKey(id), request_id: identity.id, body_hash: identity.body_hash, at: cause.time };
    return { writes: [...writes, { op: 'put', row, when: absent }], publish, result: { replayed: false } };
  });
