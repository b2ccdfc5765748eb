import { RefundRequested } from '../../events/orders/refund-requested.ts';
import { consume } from '../shared/messaging/consume.ts';
import { ticketsDeps } from './deps.ts';

export const handler = consume(
  [RefundRequested],
  ticketsDeps,
  (event, { tickets }, call) => tickets.revoke(event, call),
  (event, deadLetter, { tickets }) => tickets.recordDeadLetter(event, deadLetter),
);
