import type { EventOf } from '../../events/envelope.ts';
import type { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import type { DeclineReason, PaymentDeclined } from '../../events/payments/payment-declined.ts';

/** What never changes of an order. */
export interface Placed {
  readonly id: string;
  readonly user_id: string;
  readonly amount: number;
  readonly description?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly created_at: string;
}

/** Where an order can be. The way from one to the next is `apply`, and there is no other. */
export type OrderState =
  | { readonly status: 'NEW' }
  | { readonly status: 'FINISHED' }
  | { readonly status: 'CANCELLED'; readonly reason: DeclineReason };

export type Order = Placed & OrderState & { readonly version: number; readonly updated_at: string };

export type OrderEvent = EventOf<typeof PaymentAuthorized> | EventOf<typeof PaymentDeclined>;

/** An order as it is when it is placed, and so the answer to a repeat of that request, whatever has become of it. */
export const place = ({ id, user_id, amount, description, metadata, created_at }: Placed): Order => ({
  id,
  user_id,
  amount,
  description,
  metadata,
  created_at,
  status: 'NEW',
  version: 1,
  updated_at: created_at,
});

/** The saga's next state, or nothing where the event comes late, early or again and so changes nothing. */
export function apply(state: OrderState, event: OrderEvent): OrderState | undefined {
  switch (event.type) {
    case 'PaymentAuthorized':
      return state.status === 'NEW' ? { status: 'FINISHED' } : undefined;
    case 'PaymentDeclined':
      return state.status === 'NEW' ? { status: 'CANCELLED', reason: event.data.reason } : undefined;
  }
}
