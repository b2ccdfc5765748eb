import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { OrderId } from '../ids.ts';
import { Seat, Sku } from '../items.ts';

export const TicketRejectionReason = z.enum(['sold_out', 'seat_taken']);
export type TicketRejectionReason = z.infer<typeof TicketRejectionReason>;

/** The order gets no ticket, because a seat is taken or a product is sold out. Nothing was claimed. */
export const TicketRejected = defineEvent({
  source: 'tickets',
  type: 'TicketRejected',
  version: 1,
  schema: z.object({ order_id: OrderId, reason: TicketRejectionReason, sku: Sku, seat: z.optional(Seat) }),
  identityOf: (ticket) => ticket.order_id,
});
