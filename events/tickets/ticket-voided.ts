import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { OrderId } from '../ids.ts';

/** The order's ticket is void and what it claimed is free again; where there was none, none will be issued any more. */
export const TicketVoided = defineEvent(
  'tickets',
  'TicketVoided',
  1,
  z.object({ order_id: OrderId, ticket_id: z.optional(z.string()) }),
  (ticket) => ticket.order_id,
);
export type TicketVoided = z.infer<typeof TicketVoided.schema>;
