import { RefundRequested } from '../../events/orders/refund-requested.ts';
import { consume } from '../shared/messaging/consume.ts';
import { paymentsDeps } from './deps.ts';

export const handler = consume(
  [RefundRequested],
  paymentsDeps,
  (event, { payments }, context) => payments.refund(event, context),
  (event, deadLetter, { payments }) => payments.recordDeadLetter(event, deadLetter),
);
