import type { Cause, Envelope } from '../../events/envelope.ts';
import { OrderCreated } from '../../events/orders/order-created.ts';
import { RefundRequested } from '../../events/orders/refund-requested.ts';
import { assertSameRequest, type RequestIdentity } from '../shared/http/idempotency.ts';
import { type DeadLetter, recordDeadLetter } from '../shared/messaging/dead-letter.ts';
import { causeOf, type MessageContext, type Receipts } from '../shared/messaging/receipt.ts';
import type { Publication } from '../shared/outbox/outbox-record.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import { count, logger } from '../shared/runtime/observability.ts';
import { type Change, commit, commitOnce, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Key, type Row, versionIs } from '../shared/store/store.ts';
import { type Order, type OrderEvent, type PlacedOrder, place, refund, type Step } from './order.ts';
import { parseOrder } from './order-row.ts';
import { nudgeStuckOrders } from './stuck-orders.ts';
import { publishedMinuteKey } from './sweep-schedule.ts';
import { ordersByUser } from './table.ts';

export const orderKey = (id: string): Key => ({ pk: `ORDER#${id}`, sk: 'STATE' });
const refundKey = (id: string): Key => ({ pk: `ORDER#${id}`, sk: 'REFUND' });
/** Unique among a user's orders and sorted by time. */
export const placedSortKey = ({ created_at, id }: Pick<PlacedOrder, 'created_at' | 'id'>): string =>
  `${created_at}#${id}`;

/** What a customer asks for. Without an amount it is the price's. */
export type OrderRequest = Omit<PlacedOrder, 'id' | 'amount' | 'created_at'> & { readonly amount?: number | undefined };

/** Orders, and the only place that knows their keys. */
export function orderStore(unit: UnitOfWork) {
  return {
    /** Places the order once for each making, at the price of that moment; a repeat gets it as it was then. */
    place: (draft: OrderRequest, making: RequestIdentity, correlationId: string, price: () => Promise<number>) =>
      placeOnce(unit, draft, making, correlationId, price),
    get: async (id: string): Promise<Order> => (await readOrder(unit, id)).order,
    /** A user's orders, newest first. An index: it may lag by a moment. */
    ofUser: async (userId: string, page: { below?: string; limit: number }): Promise<Order[]> => {
      const keys = await unit.store.query({ partition: userId, index: ordersByUser, newestFirst: true, ...page });
      const rows: (Row | undefined)[] = [];
      for (let at = 0; at < keys.length; at += 100) rows.push(...(await unit.store.getMany(keys.slice(at, at + 100))));
      return rows.filter((row) => row !== undefined).map((row) => parseOrder(row).order);
    },
    /** Moves an order on, with the receipt of what moved it. An order that the event does not move is left alone. */
    change: (event: OrderEvent, next: (order: Order, event: OrderEvent) => Step | undefined, call: MessageContext) =>
      commit(unit, async () => {
        const { order, receipts } = await readOrder(unit, event.data.order_id);
        const step = next(order, event);
        if (!step) count('Duplicates');
        const taken = { ...receipts, ...call.createReceipt(event) };
        return step
          ? changeState(unit, order, step, taken, causeOf(event, unit.clock.now()))
          : { writes: [], result: order };
      }),
    /** Notes that an event about an order is in a DLQ. */
    recordDeadLetter: (event: OrderEvent, deadLetter: DeadLetter) =>
      recordDeadLetter(unit, orderKey(event.data.order_id).pk, event, deadLetter),
    /** Asks again after those that have waited for too long; says how many there are, and how many for long. */
    nudgeStuck: (now: number, limitMinutes: number) => nudgeStuckOrders(unit, now, limitMinutes),
    /** Sets a refund going, once for each making. */
    refund: (id: string, note: string | undefined, making: RequestIdentity, correlationId: string) =>
      refundOnce(unit, id, note, making, correlationId),
  };
}
export type OrderStore = ReturnType<typeof orderStore>;

async function readOrder(unit: UnitOfWork, id: string) {
  const row = await unit.store.get(orderKey(id));
  // an event about an order is written after the order, so there is none only where somebody made it up
  if (!row) throw new Rejected('order_not_found', `there is no order ${id}`, 404);
  return parseOrder(row);
}

/** The step's state and, in the same breath, the refund that it asks for. */
function changeState(
  unit: UnitOfWork,
  order: Order,
  { state, refund: asked }: Step,
  receipts: Receipts,
  cause: Cause,
): Change<Order> {
  const changed = { version: order.version + 1, updated_at: toIso(unit.clock.now()) };
  return {
    writes: [
      { op: 'update', key: orderKey(order.id), set: { state, receipts, ...changed }, when: versionIs(order.version) },
    ],
    publish: asked ? [publication(order.id, RefundRequested.make(asked, cause))] : [],
    result: { ...order, ...state, ...changed },
  };
}

/** An order's own statement, found again by its minute should nothing come of it. */
const publication = (id: string, event: Envelope): Publication => ({
  aggregate: orderKey(id).pk,
  events: [event],
  index: { published_minute: publishedMinuteKey(Date.parse(event.time), id) },
});

async function placeOnce(
  unit: UnitOfWork,
  draft: OrderRequest,
  making: RequestIdentity,
  correlationId: string,
  price: () => Promise<number>,
) {
  // a price may have changed since, so a repeat must be known before it is asked for again
  const before = await findPlaced(unit, draft, making);
  if (before) return replay(before, making);
  try {
    return await placeNew(unit, draft, making, correlationId, price);
  } catch (error) {
    // refused for a price that changed while the first try was under way: that one may have gone through since
    const meanwhile = error instanceof Rejected ? await findPlaced(unit, draft, making) : undefined;
    if (meanwhile) return replay(meanwhile, making);
    throw error;
  }
}

async function placeNew(
  unit: UnitOfWork,
  draft: OrderRequest,
  making: RequestIdentity,
  correlationId: string,
  price: () => Promise<number>,
) {
  const amount = await priceOf(draft, price);
  const placed = place({ ...draft, id: making.id, amount, created_at: toIso(unit.clock.now()) });
  const { id, user_id, description, items, created_at } = placed;
  const created = OrderCreated.make(
    { order_id: id, user_id, amount, description, items, created_at },
    { time: created_at, correlation_id: id, causation_id: correlationId },
  );
  const { result, existing } = await commitOnce(unit, async () => ({
    writes: [{ op: 'put', row: rowOf(placed, making), when: absent, decides: true }],
    publish: [publication(id, created)],
    result: { order: placed, replayed: false },
  }));
  if (existing) return replay(existing, making);
  logger.info('order placed', { order_id: id });
  return result;
}

/** The order that this request has made already. Only what has a price to ask for is looked for. */
const findPlaced = async (
  { store }: UnitOfWork,
  { items }: OrderRequest,
  { id, hasKey }: RequestIdentity,
): Promise<Row | undefined> => (hasKey && items ? store.get(orderKey(id)) : undefined);

function rowOf({ status: _, ...placed }: Order, { body_hash }: RequestIdentity): Row {
  return { ...orderKey(placed.id), ...placed, state: { status: 'NEW' }, placed: placedSortKey(placed), body_hash };
}

function replay(row: Readonly<Record<string, unknown>>, making: RequestIdentity) {
  assertSameRequest(row, making);
  return { order: place(parseOrder(row).order), replayed: making.hasKey };
}

async function priceOf({ amount, items }: OrderRequest, price: () => Promise<number>): Promise<number> {
  if (!items && amount !== undefined) return amount;
  const total = await price();
  if (amount !== undefined && amount !== total)
    throw new Rejected('price_differs', `the items cost ${total} by now, not ${amount}`, 422);
  return total;
}

async function refundOnce(
  unit: UnitOfWork,
  id: string,
  note: string | undefined,
  making: RequestIdentity,
  correlationId: string,
) {
  return commit(unit, async (read): Promise<Change<{ replayed: boolean }>> => {
    const [row, done] = await read.getMany([orderKey(id), refundKey(id)]);
    if (done && done['making'] === making.id) {
      assertSameRequest(done, making);
      return { writes: [], result: { replayed: making.hasKey } };
    }
    if (!row) throw new Rejected('order_not_found', `there is no order ${id}`, 404);
    const { order, receipts } = parseOrder(row);
    const step = refund(order, note);
    if (!step) throw new Rejected('not_refundable', `an order that is ${order.status} cannot be refunded`);
    const cause = { time: toIso(unit.clock.now()), correlation_id: id, causation_id: correlationId };
    const { writes, publish = [] } = changeState(unit, order, step, receipts, cause);
    const item = { ...refundKey(id), making: making.id, body_hash: making.body_hash, at: cause.time };
    return { writes: [...writes, { op: 'put', row: item, when: absent }], publish, result: { replayed: false } };
  });
}
