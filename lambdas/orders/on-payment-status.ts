import { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { PaymentDeclined } from '../../events/payments/payment-declined.ts';
import { PaymentRefunded } from '../../events/payments/payment-refunded.ts';
import { consume } from '../shared/messaging/consume.ts';
import { ordersDeps } from './deps.ts';
import { apply } from './order.ts';

export const handler = consume(
  [PaymentAuthorized, PaymentDeclined, PaymentRefunded],
  ordersDeps,
  (event, { orders }, context) => orders.change(event, apply, context),
  (event, deadLetter, { orders }) => orders.recordDeadLetter(event, deadLetter),
);
