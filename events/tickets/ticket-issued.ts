import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { OrderId } from '../ids.ts';
import { Items } from '../items.ts';

/** The order has a ticket: a general one, or one for the stock and seats that it has claimed. */
export const TicketIssued = defineEvent({
  source: 'tickets',
  type: 'TicketIssued',
  version: 1,
  schema: z.object({ order_id: OrderId, ticket_id: z.string(), items: z.optional(Items) }),
  identityOf: (ticket) => ticket.order_id,
});
