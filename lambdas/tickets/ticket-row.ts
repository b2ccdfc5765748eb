import * as z from 'zod/mini';
import { Items, Seat, Sku } from '../../events/items.ts';
import { TicketRefusal } from '../../events/tickets/ticket-rejected.ts';
import type { Receipts } from '../shared/receipt.ts';
import type { Stock } from './ticket.ts';

const kept = { version: z.number(), receipts: z.optional(z.custom<Receipts>()) };

const TicketRow = z.discriminatedUnion('decided', [
  z.object({ ...kept, decided: z.literal('issued'), ticket_id: z.string(), items: z.optional(Items) }),
  z.object({ ...kept, decided: z.literal('rejected'), reason: TicketRefusal, sku: Sku, seat: z.optional(Seat) }),
  z.object({ ...kept, decided: z.literal('voided'), ticket_id: z.optional(z.string()) }),
]);
export type Ticket = z.infer<typeof TicketRow>;

/** What was decided of an order's ticket, as its row has it. */
export const keptTicket = (row: Readonly<Record<string, unknown>>): Ticket => TicketRow.parse(row);

const StockRow = z.object({
  sku: Sku,
  capacity: z.number(),
  claimed: z.number(),
  version: z.number(),
  product_version: z.number(),
});

export const keptStock = (row: Readonly<Record<string, unknown>> | undefined): Stock => StockRow.parse(row);
