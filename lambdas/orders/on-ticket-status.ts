import { TicketIssued } from '../../events/tickets/ticket-issued.ts';
import { TicketRejected } from '../../events/tickets/ticket-rejected.ts';
import { TicketVoided } from '../../events/tickets/ticket-voided.ts';
import { consume } from '../shared/messaging/consume.ts';
import { ordersDeps } from './deps.ts';
import { apply } from './order.ts';

export const handler = consume(
  [TicketIssued, TicketRejected, TicketVoided],
  ordersDeps,
  (event, { orders }, context) => orders.change(event, apply, context),
  (event, deadLetter, { orders }) => orders.recordDeadLetter(event, deadLetter),
);
