import { RefundRequested } from '../../events/orders/refund-requested.ts';
import { consume } from '../shared/messaging/consume.ts';
import { ticketsDeps } from './deps.ts';

export const handler = consume(
  [RefundRequested],
  ticketsDeps,
  (event, { tickets }, context) => tickets.voidTicket(event, context),
  (event, deadLetter, { tickets }) => tickets.recordDeadLetter(event, deadLetter),
);
