import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { OrderId } from '../ids.ts';

/** The order's ticket is void and its claims are released. If there was no ticket, none will be issued later. */
export const TicketVoided = defineEvent(
  'tickets',
  'TicketVoided',
  1,
  z.object({ order_id: OrderId, ticket_id: z.optional(z.string()) }),
  (ticket) => ticket.order_id,
);
