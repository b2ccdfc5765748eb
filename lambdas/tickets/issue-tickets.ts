import type { EventOf } from '../../events/envelope.ts';
import type { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { TicketIssued } from '../../events/tickets/ticket-issued.ts';
import { TicketRejected } from '../../events/tickets/ticket-rejected.ts';
import { causeOf, type MessageContext } from '../shared/messaging/receipt.ts';
import { answerNudge } from '../shared/outbox/answer-nudge.ts';
import type { Publication } from '../shared/outbox/outbox-record.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { PrerequisiteMissing } from '../shared/runtime/errors.ts';
import { deriveId } from '../shared/runtime/ids.ts';
import { count, logger } from '../shared/runtime/observability.ts';
import { commit, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Reader, type Row, type Write } from '../shared/store/store.ts';
import { type Claim, claimInSequence, quantitiesOf, type SeatOfProduct, type Stock, seatsOf } from './ticket.ts';
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

export type PaymentAuthorizedEvent = EventOf<typeof PaymentAuthorized>;

/** Decides each order's ticket once, for all of its lines together. These orders are for the same products. */
export async function issueTickets(
  unit: UnitOfWork,
  events: readonly PaymentAuthorizedEvent[],
  call: MessageContext,
): Promise<void> {
  const waiting = [...new Map(events.map((event) => [event.data.order_id, event])).values()];
  const before = new Map<string, Ticket>();
  for (const fold of splitIntoTransactions(waiting))
    for (const [pk, ticket] of await issueInOneTransaction(unit, fold, call)) before.set(pk, ticket);
  // of every message, not of every order: a nudge is answered even where a duplicate waits beside it
  for (const event of events) {
    const ticket = before.get(ticketKey(event.data.order_id).pk);
    // a void ticket was answered by the refund: what was issued before it is no answer any more
    const answer = ticket && createAnswer(event, ticket, unit.clock.now());
    if (answer) await answerNudge(unit, event, () => answer);
    else if (ticket) count('Duplicates');
  }
}

/** What one transaction takes, and what an order adds to it: its ticket and its answer beside its seats, */
const MAX_WRITES = 100;
const WRITES_PER_ORDER = 2;
/** and for each product, however many want it, the stock and the word of it. */
const WRITES_PER_PRODUCT = 2;

/** As few transactions as can take them all: one order alone, of 20 lines, comes to 62 items. */
function splitIntoTransactions(events: readonly PaymentAuthorizedEvent[]): PaymentAuthorizedEvent[][] {
  const folds: PaymentAuthorizedEvent[][] = [];
  for (const event of events) {
    const last = folds.at(-1);
    if (last && maxWritesOf([...last, event]) <= MAX_WRITES) last.push(event);
    else folds.push([event]);
  }
  return folds;
}

function maxWritesOf(fold: readonly PaymentAuthorizedEvent[]): number {
  const items = itemsOf(fold);
  const products = quantitiesOf(items).size;
  return products * WRITES_PER_PRODUCT + fold.length * WRITES_PER_ORDER + seatsOf(items).length;
}

const itemsOf = (fold: readonly PaymentAuthorizedEvent[]) => fold.flatMap(({ data }) => data.items ?? []);

/** One transaction for all of them; answers what was decided of them before. */
async function issueInOneTransaction(unit: UnitOfWork, fold: readonly PaymentAuthorizedEvent[], call: MessageContext) {
  const { before, made } = await commit(unit, async (read) => {
    const { tickets, stock, taken } = await readRows(read, fold);
    const undecided = fold.filter(({ data }) => !tickets.has(ticketKey(data.order_id).pk));
    const { made, ...change } = planTickets(undecided, stock, taken, unit.clock.now(), call);
    return { ...change, result: { before: tickets, made } };
  });
  for (const { order_id, decided } of made.map(({ row }) => row)) logger.info('ticket decided', { order_id, decided });
  return before;
}

/** All that these orders' tickets depend on, in one read. */
async function readRows(read: Reader, fold: readonly PaymentAuthorizedEvent[]) {
  const items = itemsOf(fold);
  const skus = [...quantitiesOf(items).keys()];
  const seats = seatsOf(items);
  const ids = fold.map(({ data }) => data.order_id);
  const rows = await read.getMany([...ids.map(ticketKey), ...skus.map(stockKey), ...seats.map(seatKey)]);
  const [tickets, rest] = [rows.slice(0, ids.length), rows.slice(ids.length)];
  return {
    tickets: new Map(tickets.flatMap((row) => (row ? [[row.pk, parseTicket(row)] as const] : []))),
    stock: rest.slice(0, skus.length).flatMap((row) => (row ? [parseStock(row)] : [])),
    taken: seats.filter((_, at) => rest[skus.length + at]),
  };
}

/**
 * A decision row decides once and for ever. Stock and seats are taken under what was read of them: where another order
 * was faster, they are looked at again. What is gone already is refused without a write to the stock, which may be hot.
 */
function planTickets(
  events: readonly PaymentAuthorizedEvent[],
  stock: readonly Stock[],
  taken: readonly SeatOfProduct[],
  now: number,
  call: MessageContext,
) {
  const orders = events.map((event) => ({ items: event.data.items, event }));
  const { claims, stock: changed } = claimInSequence(orders, stock, taken);
  const made = claims.map(({ order: { event }, claim }) => ({ event, row: ticketRow(event, claim, now, call) }));
  const issued = made.filter(({ row }) => row['decision'] === 'issued').map(({ event }) => event);
  const last = issued.at(-1);
  return {
    writes: [
      // one that is there by now belongs to one order only: the others are decided anew, so it ends nothing
      ...made.map(({ row }): Write => ({ op: 'put', row, when: absent })),
      ...changed.map(updateClaimed),
      ...issued.flatMap(putSeats),
    ],
    publish: [
      ...made.flatMap(({ event, row }) => createAnswer(event, parseTicket(row), now) ?? []),
      ...(last ? changed.map((one) => publishStockChanged(one, causeOf(last, now))) : []),
    ],
    made,
  };
}

/** The row that makes a redelivery harmless for ever. */
function ticketRow(event: PaymentAuthorizedEvent, claim: Claim, now: number, call: MessageContext): Row {
  // those that are decided together are for the same products, so it is so for all of them
  if (claim.decision === 'unknown') throw new PrerequisiteMissing(`not heard of yet: ${claim.skus.join(', ')}`);
  const { order_id, items } = event.data;
  const decision =
    claim.decision === 'issued' ? { decision: 'issued', ticket_id: deriveId('ticket', order_id) } : claim;
  return {
    ...ticketKey(order_id),
    ...{ order_id, items, version: 1, at: toIso(now), receipts: call.createReceipt(event) },
    ...decision,
  };
}

const putSeats = ({ data: { order_id, items = [] } }: PaymentAuthorizedEvent): Write[] =>
  seatsOf(items).map((place) => ({
    op: 'put',
    row: { ...seatKey(place), ...place, order_id, version: SEAT_VERSION },
    when: absent,
  }));

/** What a decision says, whoever asks, and so under the same id; a void ticket has nothing to say to a payment. */
function createAnswer(event: PaymentAuthorizedEvent, ticket: Ticket, now: number): Publication | undefined {
  const { order_id } = event.data;
  const cause = causeOf(event, now);
  switch (ticket.decision) {
    case 'issued':
      return publishTicketEvent(
        order_id,
        TicketIssued.make({ order_id, ticket_id: ticket.ticket_id, items: ticket.items }, cause),
      );
    case 'rejected': {
      const { reason, sku, seat } = ticket;
      return publishTicketEvent(
        order_id,
        TicketRejected.make({ order_id, reason, sku, ...(seat ? { seat } : {}) }, cause),
      );
    }
    case 'voided':
      return undefined;
  }
}
