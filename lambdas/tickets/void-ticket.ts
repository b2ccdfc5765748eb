import type { EventOf } from '../../events/envelope.ts';
import type { RefundRequested } from '../../events/orders/refund-requested.ts';
import { TicketVoided } from '../../events/tickets/ticket-voided.ts';
import { causeOf, type MessageContext } from '../shared/messaging/receipt.ts';
import { answerNudge } from '../shared/outbox/answer-nudge.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { count, logger } from '../shared/runtime/observability.ts';
import { type Change, commit, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Key, type Reader, versionIs, type Write } from '../shared/store/store.ts';
import { quantitiesOf, releaseClaims, type SeatOfProduct, seatsOf } from './ticket.ts';
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

/** Takes an order's ticket back; where there is none, none will be issued any more. */
export async function voidTicket(unit: UnitOfWork, event: RefundRequestedEvent, call: MessageContext): Promise<void> {
  const { order_id } = event.data;
  const voided = (ticketId: string | undefined) =>
    publishTicketEvent(
      order_id,
      TicketVoided.make(
        { order_id, ...(ticketId === undefined ? {} : { ticket_id: ticketId }) },
        causeOf(event, unit.clock.now()),
      ),
    );
  const { before, lost } = await commit(unit, async (read): Promise<Change<VoidResult>> => {
    const row = await read.get(ticketKey(order_id));
    const ticket = row && parseTicket(row);
    const at = toIso(unit.clock.now());
    const receipts = { ...ticket?.receipts, ...call.createReceipt(event) };
    if (!ticket) {
      // no decision by itself: where a ticket was issued in the meantime, this looks again and takes that one back
      const item = { ...ticketKey(order_id), order_id, decision: 'voided', version: 1, at, receipts };
      return { writes: [{ op: 'put', row: item, when: absent }], publish: [voided(undefined)], result: { lost: [] } };
    }
    if (ticket.decision !== 'issued') return { writes: [], result: { before: ticket, lost: [] } };
    const { freed, seats, lost } = await claimsHeldBy(read, order_id, ticket);
    const set = { decision: 'voided', version: ticket.version + 1, at, receipts };
    return {
      writes: [
        { op: 'update', key: ticketKey(order_id), set, when: versionIs(ticket.version) },
        ...freed.map(updateClaimed),
        ...seats.map((place): Write => ({ op: 'delete', key: seatKey(place), when: versionIs(SEAT_VERSION) })),
      ],
      publish: [
        voided(ticket.ticket_id),
        ...freed.map((one) => publishStockChanged(one, causeOf(event, unit.clock.now()))),
      ],
      result: { lost },
    };
  });
  if (lost.length > 0) {
    logger.error('what a ticket had claimed was not there', {
      order_id,
      rows: lost.map(({ pk, sk }) => `${pk} ${sk}`),
    });
    count('ClaimsLost', lost.length);
  }
  // what was rejected claimed nothing, and nobody waits to hear that it is void
  if (before?.decision === 'voided') await answerNudge(unit, event, () => voided(before.ticket_id));
  else if (before) count('Duplicates');
}

/** What taking a ticket back has met: a decision that stands, and rows that somebody has taken away by hand. */
interface VoidResult {
  readonly before?: Ticket;
  readonly lost: readonly Key[];
}

/**
 * What a ticket claims and so gives back: stock as it is after, and seats that are still its own. Whatever is gone, or is
 * another's by now, is not its to give: a customer's money must not wait for that.
 */
async function claimsHeldBy(read: Reader, orderId: string, { items = [] }: Extract<Ticket, { decision: 'issued' }>) {
  const skus = [...quantitiesOf(items).keys()];
  const places = seatsOf(items);
  const keys = [...skus.map(stockKey), ...places.map(seatKey)];
  const rows = keys.length > 0 ? await read.getMany(keys) : [];
  const stock = rows.slice(0, skus.length);
  const isOwn = (_: SeatOfProduct, at: number) => rows[skus.length + at]?.['order_id'] === orderId;
  return {
    freed: releaseClaims(
      items,
      stock.flatMap((row) => (row ? [parseStock(row)] : [])),
    ),
    seats: places.filter(isOwn),
    lost: [
      ...skus.filter((_, at) => !stock[at]).map(stockKey),
      ...places.filter((place, at) => !isOwn(place, at)).map(seatKey),
    ],
  };
}
