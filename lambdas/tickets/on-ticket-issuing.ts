import { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { consumeGroups } from '../shared/messaging/consume.ts';
import { ticketsDeps } from './deps.ts';
import { productGroupOf } from './ticket.ts';

/** Decides orders for the same products together, so that they do not contend for the same stock row. */
export const handler = consumeGroups({
  events: [PaymentAuthorized],
  createDeps: ticketsDeps,
  groupKeyOf: ({ data: { order_id, items } }) => (items ? productGroupOf(items) : order_id),
  handle: (events, { tickets }, context) => tickets.issue(events, context),
  recordDeadLetter: (event, deadLetter, { tickets }) => tickets.recordDeadLetter(event, deadLetter),
});
