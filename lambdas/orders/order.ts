import type { EventOf } from '../../events/envelope.ts';
import type { Item } from '../../events/items.ts';
import type { RefundReason, RefundRequested } from '../../events/orders/refund-requested.ts';
import type { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import type { DeclineReason, PaymentDeclined } from '../../events/payments/payment-declined.ts';
import type { PaymentRefunded } from '../../events/payments/payment-refunded.ts';
import type { TicketIssued } from '../../events/tickets/ticket-issued.ts';
import type { TicketRejected, TicketRejectionReason } from '../../events/tickets/ticket-rejected.ts';
import type { TicketVoided } from '../../events/tickets/ticket-voided.ts';

/** The price of one unit of a line, as its product was listed and as it was charged, and the rules between the two. */
export interface LinePrice {
  readonly list_price: number;
  readonly price: number;
  readonly rules: string[];
}

/** How the amount of an order with items was decided. The lines are in the order of the items. */
export interface Pricing {
  readonly rules_version: number;
  /** The quote that the customer named. */
  readonly quote_id?: string | undefined;
  readonly lines: LinePrice[];
}

/** The part of an order that never changes. */
export interface PlacedOrder {
  readonly id: string;
  readonly user_id: string;
  readonly amount: number;
  readonly description?: string | undefined;
  readonly items?: Item[] | undefined;
  /** Present if the order has items. */
  readonly pricing?: Pricing | undefined;
  /** The generation of the cart that the order was placed from. */
  readonly cart_id?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly created_at: string;
}

/** A part of a refund. The refund ends when its payment and its ticket are both returned, in either order. */
export type RefundPart = 'payment' | 'ticket';

/** The states of an order. Only `apply` and `refund` lead from one state to the next. */
export type OrderState =
  | { readonly status: 'NEW' }
  | { readonly status: 'PAYMENT_AUTHORIZED' }
  | { readonly status: 'FINISHED' }
  | { readonly status: 'REFUNDING'; readonly refund_reason: RefundReason; readonly pending: readonly RefundPart[] }
  | { readonly status: 'CANCELLED'; readonly reason: DeclineReason | TicketRejectionReason }
  | { readonly status: 'REFUNDED' };

export type Order = PlacedOrder & OrderState & { readonly version: number; readonly updated_at: string };

export type OrderEvent =
  | EventOf<typeof PaymentAuthorized>
  | EventOf<typeof PaymentDeclined>
  | EventOf<typeof PaymentRefunded>
  | EventOf<typeof TicketIssued>
  | EventOf<typeof TicketRejected>
  | EventOf<typeof TicketVoided>;

/** The next state, and the refund that is requested with it. */
export interface Transition {
  readonly state: OrderState;
  readonly refund?: RefundRequested;
}

/**
 * Returns an order as it is when it is placed. This is also the response to a replay of the request, whatever the state
 * of the order is by then.
 */
export const place = ({
  id,
  user_id,
  amount,
  description,
  items,
  pricing,
  cart_id,
  metadata,
  created_at,
}: PlacedOrder): Order => ({
  id,
  user_id,
  amount,
  description,
  items,
  pricing,
  cart_id,
  metadata,
  created_at,
  status: 'NEW',
  version: 1,
  updated_at: created_at,
});

/** Returns the next transition, or nothing if the event is late, early or a duplicate: it then changes nothing. */
export function apply(order: PlacedOrder & OrderState, event: OrderEvent): Transition | undefined {
  switch (order.status) {
    case 'NEW':
      if (event.type === 'PaymentAuthorized') return { state: { status: 'PAYMENT_AUTHORIZED' } };
      if (event.type === 'PaymentDeclined') return { state: { status: 'CANCELLED', reason: event.data.reason } };
      // A ticket is decided only after a payment, so its event implies that the order is paid. It may arrive first.
      return applyTicket(order, event);
    case 'PAYMENT_AUTHORIZED':
      return applyTicket(order, event);
    case 'REFUNDING':
      if (event.type === 'PaymentRefunded') return completePart(order, 'payment');
      if (event.type === 'TicketVoided') return completePart(order, 'ticket');
      return undefined;
    case 'FINISHED':
    case 'CANCELLED':
    case 'REFUNDED':
      return undefined;
  }
}

function applyTicket(order: PlacedOrder, event: OrderEvent): Transition | undefined {
  if (event.type === 'TicketIssued') return { state: { status: 'FINISHED' } };
  // No ticket was issued, so only the payment has to be returned.
  if (event.type === 'TicketRejected') return startRefund(order, event.data.reason, ['payment']);
  return undefined;
}

/** Returns the transition that refunds a finished order on request, or nothing if the order is not finished. */
export const refund = (order: PlacedOrder & OrderState, note?: string): Transition | undefined =>
  order.status === 'FINISHED' ? startRefund(order, 'requested', ['payment', 'ticket'], note) : undefined;

const startRefund = (
  { id, user_id, amount }: PlacedOrder,
  reason: RefundReason,
  pending: readonly RefundPart[],
  note?: string,
): Transition => ({
  state: { status: 'REFUNDING', refund_reason: reason, pending },
  refund: { order_id: id, user_id, amount, reason, ...(note === undefined ? {} : { note }) },
});

function completePart(
  { refund_reason, pending }: Extract<OrderState, { status: 'REFUNDING' }>,
  completed: RefundPart,
): Transition | undefined {
  if (!pending.includes(completed)) return undefined;
  const remaining = pending.filter((part) => part !== completed);
  if (remaining.length > 0) return { state: { status: 'REFUNDING', refund_reason, pending: remaining } };
  return {
    state: refund_reason === 'requested' ? { status: 'REFUNDED' } : { status: 'CANCELLED', reason: refund_reason },
  };
}

/** Returns whether an order still waits for the outcome of its own event. The sweep publishes that event again. */
export function isWaitingFor(order: OrderState, type: string): boolean {
  if (type === 'OrderCreated') return order.status === 'NEW' || order.status === 'PAYMENT_AUTHORIZED';
  return type === 'RefundRequested' && order.status === 'REFUNDING';
}
