import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { OrderId } from '../ids.ts';

/** The order's ticket is void and its claims are released. If there was no ticket, none will be issued later. */
export const TicketVoided = defineEvent({
  source: 'tickets',
  type: 'TicketVoided',
  version: 1,
  schema: z.object({ order_id: OrderId, ticket_id: z.optional(z.string()) }),
  identityOf: (ticket) => ticket.order_id,
});
