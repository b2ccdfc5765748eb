import type { EventOf } from '../../events/envelope.ts';
import type { RefundRequested } from '../../events/orders/refund-requested.ts';
import { TicketVoided } from '../../events/tickets/ticket-voided.ts';
import { causeOf, type MessageContext } from '../shared/messaging/receipt.ts';
import { answerNudge } from '../shared/outbox/answer-nudge.ts';
import type { Publication } from '../shared/outbox/outbox-record.ts';
import { type Clock, toIso } from '../shared/runtime/clock.ts';
import { count, logger } from '../shared/runtime/observability.ts';
import { type Change, commit, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Key, type Reader, versionIs, type Write } from '../shared/store/store.ts';
import { quantitiesOf, releaseClaims, seatsOf } from './ticket.ts';
import {
  parseStock,
  parseTicket,
  publishStockChanged,
  publishTicketEvent,
  SEAT_VERSION,
  seatKey,
  stockKey,
  type Ticket,
  ticketKey,
  updateClaimed,
} from './ticket-row.ts';

export type RefundRequestedEvent = EventOf<typeof RefundRequested>;

/** Voids an order's ticket and releases its claims. If there is no ticket yet, none will be issued later. */
export async function voidTicket(
  work: UnitOfWork,
  event: RefundRequestedEvent,
  context: MessageContext,
): Promise<void> {
  const { order_id } = event.data;
  const { existing, missingClaims } = await commit(work, (read) => planVoid(read, event, work.clock, context));
  if (missingClaims.length > 0) {
    const rows = missingClaims.map(({ pk, sk }) => `${pk} ${sk}`);
    logger.error('claims of a ticket are missing', { order_id, rows });
    count('MissingClaims', missingClaims.length);
  }
  // A rejected ticket has claimed nothing, and no consumer waits for its TicketVoided.
  if (existing?.decision === 'voided')
    await answerNudge(work, event, () => publishVoided(event, existing.ticket_id, Date.parse(existing.at)));
  else if (existing) count('Duplicates');
}

/** The ticket, if it was rejected or void before, and the keys of claims that no longer belong to the order. */
type VoidResult = { readonly existing?: Ticket; readonly missingClaims: readonly Key[] };

async function planVoid(
  read: Reader,
  event: RefundRequestedEvent,
  clock: Clock,
  context: MessageContext,
): Promise<Change<VoidResult>> {
  const { order_id } = event.data;
  const key = ticketKey(order_id);
  const existingRow = await read.get(key);
  const ticket = existingRow && parseTicket(existingRow);
  const receipts = { ...ticket?.receipts, ...context.createReceipt(event) };
  if (!ticket) {
    // Not marked with `decides`: if a ticket has been issued meanwhile, the plan runs again and voids that ticket.
    const now = clock.now();
    const row = { ...key, order_id, decision: 'voided', version: 1, at: toIso(now), receipts };
    return {
      writes: [{ op: 'put', row, when: absent }],
      publish: [publishVoided(event, undefined, now)],
      result: { missingClaims: [] },
    };
  }
  if (ticket.decision !== 'issued') return { writes: [], result: { existing: ticket, missingClaims: [] } };
  const { releasedStock, seats, missingClaims } = await readClaims(read, order_id, ticket);
  // The decision is made after all reads, so its time is not before theirs.
  const now = clock.now();
  const set = { decision: 'voided', version: ticket.version + 1, at: toIso(now), receipts };
  return {
    writes: [
      { op: 'update', key, set, when: versionIs(ticket.version) },
      ...releasedStock.map(updateClaimed),
      ...seats.map((seat): Write => ({ op: 'delete', key: seatKey(seat), when: versionIs(SEAT_VERSION) })),
    ],
    publish: [
      publishVoided(event, ticket.ticket_id, now),
      ...releasedStock.map((stock) => publishStockChanged(stock, causeOf(event, now))),
    ],
    result: { missingClaims },
  };
}

function publishVoided(event: RefundRequestedEvent, ticket_id: string | undefined, now: number): Publication {
  const { order_id } = event.data;
  const data = { order_id, ...(ticket_id === undefined ? {} : { ticket_id }) };
  return publishTicketEvent(TicketVoided.make(data, causeOf(event, now)));
}

/**
 * Reads the claims of a ticket: the stock as it is after their release, the seats that still belong to the order, and
 * the keys of missing claims. A claim is missing if its row was deleted, or if the seat belongs to another order now.
 * It is left alone, because the customer's refund must not wait for it.
 */
async function readClaims(read: Reader, orderId: string, { items = [] }: Extract<Ticket, { decision: 'issued' }>) {
  const skus = [...quantitiesOf(items).keys()];
  const seats = seatsOf(items);
  const keys = [...skus.map(stockKey), ...seats.map(seatKey)];
  // Claims change together with the ticket, whose version is a condition of the write. If a claim was released after
  // the ticket was read, the write is refused, and the missing claim is not reported.
  const rows = keys.length > 0 ? await read.getMany(keys) : [];
  const stockRows = rows.slice(0, skus.length);
  const isOwnSeat = (index: number) => rows[skus.length + index]?.['order_id'] === orderId;
  return {
    releasedStock: releaseClaims(
      items,
      stockRows.flatMap((row) => (row ? [parseStock(row)] : [])),
    ),
    seats: seats.filter((_, index) => isOwnSeat(index)),
    missingClaims: [
      ...skus.filter((_, index) => !stockRows[index]).map(stockKey),
      ...seats.filter((_, index) => !isOwnSeat(index)).map(seatKey),
    ],
  };
}
