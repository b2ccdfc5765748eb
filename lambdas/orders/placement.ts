import type { Cause, Envelope } from '../../events/envelope.ts';
import { OrderCreated } from '../../events/orders/order-created.ts';
import type { RequestIdentity } from '../shared/http/idempotency.ts';
import type { Publication } from '../shared/outbox/outbox-record.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import { absent, type Row, type Write } from '../shared/store/store.ts';
import { type Order, type Pricing, place } from './order.ts';
import { createOrderRow, createPublication, parseOrder } from './order-row.ts';

/** An order, and whether it had been placed before. */
export interface Placement {
  readonly order: Order;
  readonly replayed: boolean;
}

/** The price of an order's items, as the catalog has decided it. */
export interface OrderPrice {
  readonly rules_version: number;
  readonly quote_id?: string | undefined;
  readonly total: number;
  readonly lines: readonly PricedLine[];
  /** The time of the price, in ms since the epoch. It becomes the time of the order. */
  readonly decidedMs: number;
}

interface PricedLine {
  readonly list_price: number;
  readonly price: number;
  readonly amount: number;
  readonly rules: readonly { readonly rule: string }[];
}

/** Throws if the caller expects another price. The problem contains the current one, so that it can be accepted. */
export function requireAmount(expected: number | undefined, { decidedMs: _, ...price }: OrderPrice): void {
  if (expected === undefined || expected === price.total) return;
  throw new Rejected(
    'price_changed',
    `The items now cost ${price.total}, not ${expected}. Send the current price as the amount, or leave out the amount.`,
    409,
    { quote: price },
  );
}

/** Returns what an order keeps of its price. */
export const pricingOf = ({ rules_version, quote_id, lines }: OrderPrice): Pricing => ({
  rules_version,
  quote_id,
  lines: lines.map(({ list_price, price, rules }) => ({ list_price, price, rules: rules.map(({ rule }) => rule) })),
});

/** Returns the cause of the events that placing an order publishes. */
export const causeOfPlacement = ({ id, created_at }: Order, correlationId: string): Cause => ({
  time: created_at,
  correlation_id: id,
  causation_id: correlationId,
});

/** Returns the row of an order that is placed, which must be absent. */
export const writeOrder = (order: Order, identity: RequestIdentity) =>
  ({ op: 'put', row: createOrderRow(order, identity), when: absent }) satisfies Write;

/** Returns the publication of OrderCreated, and of other events of the same transaction. */
export function publishOrderCreated(order: Order, cause: Cause, ...others: readonly Envelope[]): Publication {
  const { id, user_id, amount, description, items, created_at } = order;
  const created = OrderCreated.make({ order_id: id, user_id, amount, description, items, created_at }, cause);
  return createPublication(id, created, ...others);
}

/** Returns the order of a row as it was placed, whatever its state is by now. */
export const asPlaced = (row: Row): Order => place(parseOrder(row).order);
