import { RefundRequested } from '../../events/orders/refund-requested.ts';
import { consume } from '../shared/messaging/consume.ts';
import { paymentsDeps } from './deps.ts';

export const handler = consume(
  [RefundRequested],
  paymentsDeps,
  (event, { payments }, call) => payments.refund(event, call),
  (event, deadLetter, { payments }) => payments.recordDeadLetter(event, deadLetter),
);
