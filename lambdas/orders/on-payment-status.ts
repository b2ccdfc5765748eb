import { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { PaymentDeclined } from '../../events/payments/payment-declined.ts';
import { consume } from '../shared/consume.ts';
import { sagaDeps } from './deps.ts';
import { apply } from './order.ts';

export const handler = consume([PaymentAuthorized, PaymentDeclined], sagaDeps, (event, { orders, call }) =>
  orders.change(
    event.data.order_id,
    (order) => apply(order, event),
    () => call.receiptOf(event),
  ),
);
