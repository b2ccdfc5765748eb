import type { Cause, Envelope } from '../../events/envelope.ts';
import { OrderCreated } from '../../events/orders/order-created.ts';
import { RefundRequested } from '../../events/orders/refund-requested.ts';
import { iso } from '../shared/clock.ts';
import { type Change, commit, type Unit } from '../shared/commit.ts';
import { AlreadyDone, Rejected } from '../shared/errors.ts';
import { type Death, graveOf } from '../shared/grave.ts';
import { type Making, sameRequest } from '../shared/idempotency.ts';
import { count, logger } from '../shared/observability.ts';
import type { Outgoing } from '../shared/outbox.ts';
import { type Call, causeOf, type Receipts } from '../shared/receipt.ts';
import { absent, type Item, type Key, versionIs } from '../shared/store.ts';
import { type Order, type OrderEvent, type Placed, place, refund, type Step } from './order.ts';
import { keptOrder } from './order-row.ts';
import { nudgeStuckOrders } from './stuck-orders.ts';
import { minuteOf } from './sweep.ts';
import { ordersByUser } from './table.ts';

export const orderKey = (id: string): Key => ({ pk: `ORDER#${id}`, sk: 'STATE' });
const refundKey = (id: string): Key => ({ pk: `ORDER#${id}`, sk: 'REFUND' });
/** Unique among a user's orders and sorted by time. */
export const placedOf = ({ created_at, id }: Pick<Placed, 'created_at' | 'id'>): string => `${created_at}#${id}`;

/** What a customer asks for. Without an amount it is the price's. */
export type Draft = Omit<Placed, 'id' | 'amount' | 'created_at'> & { readonly amount?: number | undefined };

/** Orders, and the only place that knows their keys. */
export function orderStore(unit: Unit) {
  return {
    /** Places the order once for each making, at the price of that moment; a repeat gets it as it was then. */
    place: (draft: Draft, making: Making, correlationId: string, price: () => Promise<number>) =>
      placeOnce(unit, draft, making, correlationId, price),
    get: async (id: string): Promise<Order> => (await kept(unit, id)).order,
    /** A user's orders, newest first. An index: it may lag by a moment. */
    ofUser: async (userId: string, page: { below?: string; limit: number }): Promise<Order[]> => {
      const keys = await unit.store.query({ hash: userId, index: ordersByUser, newestFirst: true, ...page });
      const rows: (Item | undefined)[] = [];
      for (let at = 0; at < keys.length; at += 100) rows.push(...(await unit.store.getMany(keys.slice(at, at + 100))));
      return rows.filter((row) => row !== undefined).map((row) => keptOrder(row).order);
    },
    /** Moves an order on, with the receipt of what moved it. An order that the event does not move is left alone. */
    change: (event: OrderEvent, next: (order: Order, event: OrderEvent) => Step | undefined, call: Call) =>
      commit(unit, async () => {
        const { order, receipts } = await kept(unit, event.data.order_id);
        const step = next(order, event);
        if (!step) count('Duplicates');
        const taken = { ...receipts, ...call.receiptOf(event) };
        return step ? move(unit, order, step, taken, causeOf(event, unit.clock.now())) : { writes: [], result: order };
      }),
    /** Notes that an event about an order is in a DLQ. */
    mourn: (event: OrderEvent, death: Death) =>
      commit(unit, async () => ({
        writes: [graveOf(orderKey(event.data.order_id).pk, event, death, unit.clock.now())],
        result: undefined,
      })),
    /** Asks again after those that have waited for too long; says how many there are, and how many for long. */
    nudgeStuck: (now: number, limitMinutes: number) => nudgeStuckOrders(unit, now, limitMinutes),
    /** Sets a refund going, once for each making. */
    refund: (id: string, note: string | undefined, making: Making, correlationId: string) =>
      refundOnce(unit, id, note, making, correlationId),
  };
}
export type OrderStore = ReturnType<typeof orderStore>;

async function kept(unit: Unit, id: string) {
  const row = await unit.store.get(orderKey(id));
  // an event about an order is written after the order, so there is none only where somebody made it up
  if (!row) throw new Rejected('order_not_found', `there is no order ${id}`, 404);
  return keptOrder(row);
}

/** The step's state and, in the same breath, the refund that it asks for. */
function move(
  unit: Unit,
  order: Order,
  { state, refund: asked }: Step,
  receipts: Receipts,
  cause: Cause,
): Change<Order> {
  const changed = { version: order.version + 1, updated_at: iso(unit.clock.now()) };
  return {
    writes: [
      { op: 'update', key: orderKey(order.id), set: { state, receipts, ...changed }, when: versionIs(order.version) },
    ],
    publish: asked ? [stated(order.id, RefundRequested.make(asked, cause))] : [],
    result: { ...order, ...state, ...changed },
  };
}

/** An order's own statement, found again by its minute should nothing come of it. */
const stated = (id: string, event: Envelope): Outgoing => ({
  about: orderKey(id).pk,
  events: [event],
  index: { stated_in: minuteOf(Date.parse(event.time), id) },
});

async function placeOnce(
  unit: Unit,
  draft: Draft,
  making: Making,
  correlationId: string,
  price: () => Promise<number>,
) {
  // a price may have changed since, so a repeat must be known before it is asked for again
  const before = await madeBy(unit, draft, making);
  if (before) return again(before, making);
  try {
    return await placeAnew(unit, draft, making, correlationId, price);
  } catch (error) {
    if (error instanceof AlreadyDone) return again(error.row, making);
    // refused for a price that changed while the first try was under way: that one may have gone through since
    const meanwhile = error instanceof Rejected ? await madeBy(unit, draft, making) : undefined;
    if (meanwhile) return again(meanwhile, making);
    throw error;
  }
}

async function placeAnew(
  unit: Unit,
  draft: Draft,
  making: Making,
  correlationId: string,
  price: () => Promise<number>,
) {
  const amount = await priceOf(draft, price);
  const placed = place({ ...draft, id: making.id, amount, created_at: iso(unit.clock.now()) });
  const { id, user_id, description, items, created_at } = placed;
  const created = OrderCreated.make(
    { order_id: id, user_id, amount, description, items, created_at },
    { time: created_at, correlation_id: id, causation_id: correlationId },
  );
  const made = await commit(unit, async () => ({
    writes: [{ op: 'put', item: rowOf(placed, making), when: absent, decides: true }],
    publish: [stated(id, created)],
    result: { order: placed, replayed: false },
  }));
  logger.info('order placed', { order_id: id });
  return made;
}

/** The order that this request has made already. Only what has a price to ask for is looked for. */
const madeBy = async ({ store }: Unit, { items }: Draft, { id, keyed }: Making): Promise<Item | undefined> =>
  keyed && items ? store.get(orderKey(id)) : undefined;

function rowOf({ status: _, ...placed }: Order, { body_hash }: Making): Item {
  return { ...orderKey(placed.id), ...placed, state: { status: 'NEW' }, placed: placedOf(placed), body_hash };
}

function again(row: Readonly<Record<string, unknown>>, making: Making) {
  sameRequest(row, making);
  return { order: place(keptOrder(row).order), replayed: making.keyed };
}

async function priceOf({ amount, items }: Draft, price: () => Promise<number>): Promise<number> {
  if (!items && amount !== undefined) return amount;
  const total = await price();
  if (amount !== undefined && amount !== total)
    throw new Rejected('price_differs', `the items cost ${total} by now, not ${amount}`, 422);
  return total;
}

async function refundOnce(unit: Unit, id: string, note: string | undefined, making: Making, correlationId: string) {
  try {
    return await commit(unit, async (read) => {
      const [row, done] = await read.getMany([orderKey(id), refundKey(id)]);
      if (done && done['making'] === making.id) throw new AlreadyDone(done);
      if (!row) throw new Rejected('order_not_found', `there is no order ${id}`, 404);
      const { order, receipts } = keptOrder(row);
      const step = refund(order, note);
      if (!step) throw new Rejected('not_refundable', `an order that is ${order.status} cannot be refunded`);
      const cause = { time: iso(unit.clock.now()), correlation_id: id, causation_id: correlationId };
      const { writes, publish = [] } = move(unit, order, step, receipts, cause);
      const item = { ...refundKey(id), making: making.id, body_hash: making.body_hash, at: cause.time };
      return { writes: [...writes, { op: 'put', item, when: absent }], publish, result: { replayed: false } };
    });
  } catch (error) {
    if (!(error instanceof AlreadyDone)) throw error;
    sameRequest(error.row, making);
    return { replayed: making.keyed };
  }
}
