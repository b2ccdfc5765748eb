import type { EventOf } from '../../events/envelope.ts';
import type { Item } from '../../events/items.ts';
import type { RefundReason, RefundRequested } from '../../events/orders/refund-requested.ts';
import type { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import type { DeclineReason, PaymentDeclined } from '../../events/payments/payment-declined.ts';
import type { PaymentRefunded } from '../../events/payments/payment-refunded.ts';
import type { TicketIssued } from '../../events/tickets/ticket-issued.ts';
import type { TicketRejected, TicketRejectionReason } from '../../events/tickets/ticket-rejected.ts';
import type { TicketVoided } from '../../events/tickets/ticket-voided.ts';

/** What never changes of an order. */
export interface PlacedOrder {
  readonly id: string;
  readonly user_id: string;
  readonly amount: number;
  readonly description?: string | undefined;
  readonly items?: Item[] | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly created_at: string;
}

/** What a refund still waits for. It ends when neither is out any more, whichever comes back first. */
export type RefundPart = 'payment' | 'ticket';

/** Where an order can be. The ways from one to the next are `apply` and `refund`, and there are no others. */
export type OrderState =
  | { readonly status: 'NEW' }
  | { readonly status: 'PAYMENT_AUTHORIZED' }
  | { readonly status: 'FINISHED' }
  | { readonly status: 'REFUNDING'; readonly reason: RefundReason; readonly pending: readonly RefundPart[] }
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

/** The next state, and the refund that is asked for with it. */
export interface Step {
  readonly state: OrderState;
  readonly refund?: RefundRequested;
}

/** An order as it is when it is placed, and so the answer to a repeat of that request, whatever has become of it. */
export const place = ({ id, user_id, amount, description, items, metadata, created_at }: PlacedOrder): Order => ({
  id,
  user_id,
  amount,
  description,
  items,
  metadata,
  created_at,
  status: 'NEW',
  version: 1,
  updated_at: created_at,
});

/** The saga's next step, or nothing where the event comes late, early or again and so changes nothing. */
export function apply(order: PlacedOrder & OrderState, event: OrderEvent): Step | undefined {
  switch (order.status) {
    case 'NEW':
      if (event.type === 'PaymentAuthorized') return { state: { status: 'PAYMENT_AUTHORIZED' } };
      if (event.type === 'PaymentDeclined') return { state: { status: 'CANCELLED', reason: event.data.reason } };
      // a ticket is only ever decided for a payment: its word says that the order is paid, and may be the faster one
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

function applyTicket(order: PlacedOrder, event: OrderEvent): Step | undefined {
  if (event.type === 'TicketIssued') return { state: { status: 'FINISHED' } };
  // what was never issued need not come back
  if (event.type === 'TicketRejected') return startRefund(order, event.data.reason, ['payment']);
  return undefined;
}

/** Undoes a finished order, since somebody asked for it. Nothing where there is nothing to undo. */
export const refund = (order: PlacedOrder & OrderState, note?: string): Step | undefined =>
  order.status === 'FINISHED' ? startRefund(order, 'requested', ['payment', 'ticket'], note) : undefined;

const startRefund = (
  { id, user_id, amount }: PlacedOrder,
  reason: RefundReason,
  pending: readonly RefundPart[],
  note?: string,
): Step => ({
  state: { status: 'REFUNDING', reason, pending },
  refund: { order_id: id, user_id, amount, reason: reason, ...(note === undefined ? {} : { note }) },
});

function completePart(
  { reason, pending }: Extract<OrderState, { status: 'REFUNDING' }>,
  what: RefundPart,
): Step | undefined {
  if (!pending.includes(what)) return undefined;
  const left = pending.filter((one) => one !== what);
  if (left.length > 0) return { state: { status: 'REFUNDING', reason, pending: left } };
  return { state: reason === 'requested' ? { status: 'REFUNDED' } : { status: 'CANCELLED', reason: reason } };
}

/** Whether an order still waits for what its event set going. A sweep asks that event again. */
export function isWaitingFor(order: OrderState, type: string): boolean {
  if (type === 'OrderCreated') return order.status === 'NEW' || order.status === 'PAYMENT_AUTHORIZED';
  return type === 'RefundRequested' && order.status === 'REFUNDING';
}
