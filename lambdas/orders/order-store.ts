import * as z from 'zod/mini';
import type { Envelope } from '../../events/envelope.ts';
import { OrderCreated } from '../../events/orders/order-created.ts';
import { DeclineReason } from '../../events/payments/payment-declined.ts';
import { iso } from '../shared/clock.ts';
import { commit, type Unit } from '../shared/commit.ts';
import { AlreadyDone, Rejected } from '../shared/errors.ts';
import { type Making, sameRequest } from '../shared/idempotency.ts';
import { count, logger } from '../shared/observability.ts';
import type { Call, Receipts } from '../shared/receipt.ts';
import { absent, type Item, type Key, versionIs } from '../shared/store.ts';
import { type Order, type OrderState, type Placed, place } from './order.ts';
import { ordersByUser } from './table.ts';

const orderKey = (id: string): Key => ({ pk: `ORDER#${id}`, sk: 'STATE' });
/** Unique among a user's orders and sorted by time. */
export const placedOf = ({ created_at, id }: Pick<Placed, 'created_at' | 'id'>): string => `${created_at}#${id}`;

type AboutOrder = Envelope<{ order_id: string }>;

export interface NewOrder {
  readonly user_id: string;
  readonly amount: number;
  readonly description?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** Orders, and the only place that knows their keys. */
export function orderStore(unit: Unit) {
  return {
    /** Places the order once for each making; a repeat gets the order as it was then. */
    place: (order: NewOrder, making: Making, correlationId: string) => placeOnce(unit, order, making, correlationId),
    get: async (id: string): Promise<Order> => {
      const row = await unit.store.get(orderKey(id));
      if (!row) throw new Rejected('order_not_found', `there is no order ${id}`, 404);
      return asOrder(row);
    },
    /** A user's orders, newest first. An index: it may lag by a moment. */
    ofUser: async (userId: string, page: { below?: string; limit: number }): Promise<Order[]> => {
      const keys = await unit.store.query({ hash: userId, index: ordersByUser, newestFirst: true, ...page });
      const rows: (Item | undefined)[] = [];
      for (let at = 0; at < keys.length; at += 100) rows.push(...(await unit.store.getMany(keys.slice(at, at + 100))));
      return rows.filter((row) => row !== undefined).map(asOrder);
    },
    /** Moves an order on, with the receipt of what moved it. An order that the event does not move is left alone. */
    change: <E extends AboutOrder>(event: E, apply: (order: Order, event: E) => OrderState | undefined, call: Call) =>
      change(unit, event, (order) => apply(order, event), call),
  };
}
export type OrderStore = ReturnType<typeof orderStore>;

async function placeOnce(unit: Unit, order: NewOrder, making: Making, correlationId: string) {
  const placed = place({ id: making.id, ...order, created_at: iso(unit.clock.now()) });
  const { id, user_id, amount, description, created_at } = placed;
  const created = OrderCreated.make(
    { order_id: id, user_id, amount, ...(description === undefined ? {} : { description }), created_at },
    { time: created_at, correlation_id: id, causation_id: correlationId },
  );
  try {
    const made = await commit(unit, async () => ({
      writes: [
        {
          op: 'put',
          item: { ...orderKey(id), ...placed, by_user: user_id, placed: placedOf(placed), body_hash: making.body_hash },
          when: absent,
          decides: true,
        },
      ],
      publish: [{ about: orderKey(id).pk, events: [created] }],
      result: { order: placed, replayed: false },
    }));
    logger.info('order placed', { order_id: id });
    return made;
  } catch (error) {
    if (!(error instanceof AlreadyDone)) throw error;
    sameRequest(error.row, making);
    return { order: place(asOrder(error.row)), replayed: making.keyed };
  }
}

async function change(unit: Unit, event: AboutOrder, next: (order: Order) => OrderState | undefined, call: Call) {
  const key = orderKey(event.data.order_id);
  await commit(unit, async (read) => {
    const row = await read.get(key);
    // an event about an order is written after the order, so there is none only where somebody made it up
    if (!row) throw new Rejected('order_not_found', `there is no order ${event.data.order_id}`, 404);
    const order = asOrder(row);
    const state = next(order);
    if (!state) {
      count('Duplicates');
      return { writes: [], result: undefined };
    }
    const receipts = { ...asRow(row).receipts, ...call.receiptOf(event) };
    const set = { ...state, receipts, version: order.version + 1, updated_at: iso(unit.clock.now()) };
    return { writes: [{ op: 'update', key, set, when: versionIs(order.version) }], result: undefined };
  });
}

/** What is kept of an order. What a later version of it will add is not for this one to show. */
const OrderRow = z.object({
  id: z.string(),
  user_id: z.string(),
  amount: z.number(),
  description: z.optional(z.string()),
  metadata: z.optional(z.record(z.string(), z.string())),
  created_at: z.string(),
  updated_at: z.string(),
  version: z.number(),
  status: z.enum(['NEW', 'FINISHED', 'CANCELLED']),
  reason: z.optional(DeclineReason),
  receipts: z.optional(z.custom<Receipts>()),
});

const asRow = (row: Readonly<Record<string, unknown>>) => OrderRow.parse(row);

function asOrder(row: Readonly<Record<string, unknown>>): Order {
  const { receipts: _, status, reason, ...kept } = asRow(row);
  if (status !== 'CANCELLED') return { ...kept, status };
  if (!reason) throw new Error(`${kept.id} is cancelled without a reason`);
  return { ...kept, status, reason };
}
