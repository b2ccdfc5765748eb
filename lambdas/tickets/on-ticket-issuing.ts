import { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { consumeGroups } from '../shared/messaging/consume.ts';
import { ticketsDeps } from './deps.ts';
import { productGroupOf } from './ticket.ts';

/** Orders for the same products are decided together, so that a hot product is not fought over. */
export const handler = consumeGroups(
  [PaymentAuthorized],
  ticketsDeps,
  ({ data: { order_id, items } }) => (items ? productGroupOf(items) : order_id),
  (events, { tickets }, call) => tickets.issue(events, call),
  (event, deadLetter, { tickets }) => tickets.recordDeadLetter(event, deadLetter),
);
