import type { EventOf } from '../../events/envelope.ts';
import type { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { TicketIssued } from '../../events/tickets/ticket-issued.ts';
import { TicketRejected } from '../../events/tickets/ticket-rejected.ts';
import { answerAgain } from '../shared/answer-again.ts';
import { iso } from '../shared/clock.ts';
import { commit, type Unit } from '../shared/commit.ts';
import { NotYet } from '../shared/errors.ts';
import { derivedId } from '../shared/identity.ts';
import { count, logger } from '../shared/observability.ts';
import type { Outgoing } from '../shared/outbox.ts';
import { type Call, causeOf } from '../shared/receipt.ts';
import { absent, type Item, type Reader, type Write } from '../shared/store.ts';
import { type Claim, claimInTurn, type Place, quantitiesIn, type Stock, seatsIn } from './ticket.ts';
import {
  about,
  changeStock,
  keptStock,
  keptTicket,
  SEAT_VERSION,
  seatKey,
  stockKey,
  type Ticket,
  ticketKey,
  told,
} from './ticket-row.ts';

export type PaymentAuthorizedEvent = EventOf<typeof PaymentAuthorized>;

/** Decides each order's ticket once, for all of its lines together. These orders are for the same products. */
export async function issue(unit: Unit, events: readonly PaymentAuthorizedEvent[], call: Call): Promise<void> {
  const waiting = [...new Map(events.map((event) => [event.data.order_id, event])).values()];
  const before = new Map<string, Ticket>();
  for (const fold of foldsOf(waiting))
    for (const [pk, ticket] of await issueTogether(unit, fold, call)) before.set(pk, ticket);
  // of every message, not of every order: a nudge is answered even where a duplicate waits beside it
  for (const event of events) {
    const ticket = before.get(ticketKey(event.data.order_id).pk);
    // a void ticket was answered by the refund: what was issued before it is no answer any more
    const answer = ticket && answerTo(event, ticket, unit.clock.now());
    if (answer) await answerAgain(unit, event, () => answer);
    else if (ticket) count('Duplicates');
  }
}

/** What one transaction takes, and what an order adds to it: its ticket and its answer beside its seats, */
const MOST_WRITES = 100;
const WRITES_OF_AN_ORDER = 2;
/** and for each product, however many want it, the stock and the word of it. */
const WRITES_OF_A_PRODUCT = 2;

/** As few transactions as can take them all: one order alone, of 20 lines, comes to 62 items. */
function foldsOf(events: readonly PaymentAuthorizedEvent[]): PaymentAuthorizedEvent[][] {
  const folds: PaymentAuthorizedEvent[][] = [];
  for (const event of events) {
    const last = folds.at(-1);
    if (last && mostWritesOf([...last, event]) <= MOST_WRITES) last.push(event);
    else folds.push([event]);
  }
  return folds;
}

function mostWritesOf(fold: readonly PaymentAuthorizedEvent[]): number {
  const items = itemsOf(fold);
  const products = quantitiesIn(items).size;
  return products * WRITES_OF_A_PRODUCT + fold.length * WRITES_OF_AN_ORDER + seatsIn(items).length;
}

const itemsOf = (fold: readonly PaymentAuthorizedEvent[]) => fold.flatMap(({ data }) => data.items ?? []);

/** One transaction for all of them; answers what was decided of them before. */
async function issueTogether(unit: Unit, fold: readonly PaymentAuthorizedEvent[], call: Call) {
  const { before, made } = await commit(unit, async (read) => {
    const { tickets, stock, taken } = await found(read, fold);
    const undecided = fold.filter(({ data }) => !tickets.has(ticketKey(data.order_id).pk));
    const { made, ...change } = decide(undecided, stock, taken, unit.clock.now(), call);
    return { ...change, result: { before: tickets, made } };
  });
  for (const { order_id, decided } of made.map(({ row }) => row)) logger.info('ticket decided', { order_id, decided });
  return before;
}

/** All that these orders' tickets depend on, in one read. */
async function found(read: Reader, fold: readonly PaymentAuthorizedEvent[]) {
  const items = itemsOf(fold);
  const skus = [...quantitiesIn(items).keys()];
  const seats = seatsIn(items);
  const ids = fold.map(({ data }) => data.order_id);
  const rows = await read.getMany([...ids.map(ticketKey), ...skus.map(stockKey), ...seats.map(seatKey)]);
  const [tickets, rest] = [rows.slice(0, ids.length), rows.slice(ids.length)];
  return {
    tickets: new Map(tickets.flatMap((row) => (row ? [[row.pk, keptTicket(row)] as const] : []))),
    stock: rest.slice(0, skus.length).flatMap((row) => (row ? [keptStock(row)] : [])),
    taken: seats.filter((_, at) => rest[skus.length + at]),
  };
}

/**
 * A decision row decides once and for ever. Stock and seats are taken under what was read of them: where another order
 * was faster, they are looked at again. What is gone already is refused without a write to the stock, which may be hot.
 */
function decide(
  events: readonly PaymentAuthorizedEvent[],
  stock: readonly Stock[],
  taken: readonly Place[],
  now: number,
  call: Call,
) {
  const orders = events.map((event) => ({ items: event.data.items, event }));
  const { claims, stock: changed } = claimInTurn(orders, stock, taken);
  const made = claims.map(({ order: { event }, claim }) => ({ event, row: ticketRow(event, claim, now, call) }));
  const issued = made.filter(({ row }) => row['decided'] === 'issued').map(({ event }) => event);
  const last = issued.at(-1);
  return {
    writes: [
      // one that is there by now belongs to one order only: the others are decided anew, so it ends nothing
      ...made.map(({ row }): Write => ({ op: 'put', item: row, when: absent })),
      ...changed.map(changeStock),
      ...issued.flatMap(seatRows),
    ],
    publish: [
      ...made.flatMap(({ event, row }) => answerTo(event, keptTicket(row), now) ?? []),
      ...(last ? changed.map((one) => told(one, causeOf(last, now))) : []),
    ],
    made,
  };
}

/** The row that makes a redelivery harmless for ever. */
function ticketRow(event: PaymentAuthorizedEvent, claim: Claim, now: number, call: Call): Item {
  // those that are decided together are for the same products, so it is so for all of them
  if (claim.decided === 'unknown') throw new NotYet(`not heard of yet: ${claim.skus.join(', ')}`);
  const { order_id, items } = event.data;
  const decision = claim.decided === 'issued' ? { decided: 'issued', ticket_id: derivedId('ticket', order_id) } : claim;
  return {
    ...ticketKey(order_id),
    ...{ order_id, items, version: 1, at: iso(now), receipts: call.receiptOf(event) },
    ...decision,
  };
}

const seatRows = ({ data: { order_id, items = [] } }: PaymentAuthorizedEvent): Write[] =>
  seatsIn(items).map((place) => ({
    op: 'put',
    item: { ...seatKey(place), ...place, order_id, version: SEAT_VERSION },
    when: absent,
  }));

/** What a decision says, whoever asks, and so under the same id; a void ticket has nothing to say to a payment. */
function answerTo(event: PaymentAuthorizedEvent, ticket: Ticket, now: number): Outgoing | undefined {
  const { order_id } = event.data;
  const cause = causeOf(event, now);
  switch (ticket.decided) {
    case 'issued':
      return about(order_id, TicketIssued.make({ order_id, ticket_id: ticket.ticket_id, items: ticket.items }, cause));
    case 'rejected': {
      const { reason, sku, seat } = ticket;
      return about(order_id, TicketRejected.make({ order_id, reason, sku, ...(seat ? { seat } : {}) }, cause));
    }
    case 'voided':
      return undefined;
  }
}
