import * as z from 'zod/mini';
import type { Cause, Envelope } from '../../events/envelope.ts';
import { Items, Seat, Sku } from '../../events/items.ts';
import { StockChanged } from '../../events/tickets/stock-changed.ts';
import { TicketRejectionReason } from '../../events/tickets/ticket-rejected.ts';
import type { Receipts } from '../shared/messaging/receipt.ts';
import type { Publication } from '../shared/outbox/outbox-record.ts';
import { type Key, versionIs, type Write } from '../shared/store/store.ts';
import type { SeatOfProduct, Stock } from './ticket.ts';

// Only the store of this context knows these keys.
export const ticketKey = (orderId: string): Key => ({ pk: `ORDER#${orderId}`, sk: 'TICKET' });
export const stockKey = (sku: string): Key => ({ pk: `SKU#${sku}`, sk: 'STOCK' });
export const seatKey = ({ sku, seat }: SeatOfProduct): Key => ({ pk: `SKU#${sku}`, sk: `SEAT#${seat}` });

/** A seat's row is created and deleted, and never updated. Its version allows a conditional delete. */
export const SEAT_VERSION = 1;

const commonFields = { version: z.number(), at: z.string(), receipts: z.optional(z.custom<Receipts>()) };

const TicketRow = z.discriminatedUnion('decision', [
  z.object({ ...commonFields, decision: z.literal('issued'), ticket_id: z.string(), items: z.optional(Items) }),
  z.object({
    ...commonFields,
    decision: z.literal('rejected'),
    reason: TicketRejectionReason,
    sku: Sku,
    seat: z.optional(Seat),
  }),
  z.object({ ...commonFields, decision: z.literal('voided'), ticket_id: z.optional(z.string()) }),
]);
export type Ticket = z.infer<typeof TicketRow>;

export const parseTicket = (row: Readonly<Record<string, unknown>>): Ticket => TicketRow.parse(row);

const StockRow = z.object({
  sku: Sku,
  capacity: z.number(),
  claimed: z.number(),
  version: z.number(),
  product_version: z.number(),
});

export const parseStock = (row: Readonly<Record<string, unknown>> | undefined): Stock => StockRow.parse(row);

/** Writes the claimed quantity, on condition that the stock still has the version before this one. */
export const updateClaimed = ({ sku, claimed, version }: Stock): Write => ({
  op: 'update',
  key: stockKey(sku),
  set: { claimed, version },
  when: versionIs(version - 1),
});

export const publishStockChanged = ({ sku, claimed, version }: Stock, cause: Cause): Publication => ({
  aggregate: stockKey(sku).pk,
  events: [StockChanged.make({ sku, claimed, version }, cause)],
});

export const publishTicketEvent = (event: Envelope<{ order_id: string }>): Publication => ({
  aggregate: ticketKey(event.data.order_id).pk,
  events: [event],
});
