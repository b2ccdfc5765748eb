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
import { type Claim, claimInSequence, quantitiesOf, seatsOf } from './ticket.ts';
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

/** Decides the tickets of orders for the same products. Each order is decided once, with all of its lines together. */
export async function issueTickets(
  work: UnitOfWork,
  events: readonly PaymentAuthorizedEvent[],
  context: MessageContext,
): Promise<void> {
  const eventsByOrder = new Map(events.map((event) => [event.data.order_id, event]));
  const existing = new Map<string, Ticket>();
  for (const group of splitIntoTransactions([...eventsByOrder.values()]))
    for (const [pk, ticket] of await issueInOneTransaction(work, group, context)) existing.set(pk, ticket);
  // Each message is checked, not each order: a nudge is answered even if a duplicate is in the same batch.
  for (const event of events) {
    const ticket = existing.get(ticketKey(event.data.order_id).pk);
    const answer = ticket && createAnswer(event, ticket);
    if (answer) await answerNudge(work, event, () => answer);
    else if (ticket) count('Duplicates');
  }
}

/** The maximum number of items in a DynamoDB transaction. */
const MAX_WRITES = 100;
/** In addition to its seats, an order needs two items: its ticket row and the outbox record of its answer. */
const WRITES_PER_ORDER = 2;
/** A product needs two items, however many orders claim it: its stock row and the outbox record of `StockChanged`. */
const WRITES_PER_PRODUCT = 2;

/** Splits orders into groups that fit into one transaction each. One order of 20 lines needs 62 items at most. */
function splitIntoTransactions(events: readonly PaymentAuthorizedEvent[]): PaymentAuthorizedEvent[][] {
  const groups: PaymentAuthorizedEvent[][] = [];
  for (const event of events) {
    const group = groups.at(-1);
    if (group && maxWritesOf([...group, event]) <= MAX_WRITES) group.push(event);
    else groups.push([event]);
  }
  return groups;
}

function maxWritesOf(group: readonly PaymentAuthorizedEvent[]): number {
  const items = itemsOf(group);
  const products = quantitiesOf(items).size;
  return products * WRITES_PER_PRODUCT + group.length * WRITES_PER_ORDER + seatsOf(items).length;
}

const itemsOf = (group: readonly PaymentAuthorizedEvent[]) => group.flatMap(({ data }) => data.items ?? []);

/** Decides a group of orders in one transaction. Returns the tickets that were decided before, by partition key. */
async function issueInOneTransaction(
  work: UnitOfWork,
  group: readonly PaymentAuthorizedEvent[],
  context: MessageContext,
): Promise<ReadonlyMap<string, Ticket>> {
  const { existing, decided } = await commit(work, async (read) => {
    const rows = await readTicketRows(read, group);
    const undecided = group.filter(({ data }) => !rows.tickets.has(ticketKey(data.order_id).pk));
    const { decided, ...change } = planTickets(undecided, rows, work.clock.now(), context);
    return { ...change, result: { existing: rows.tickets, decided } };
  });
  for (const { row } of decided)
    logger.info('ticket decided', { order_id: row['order_id'], decision: row['decision'] });
  return existing;
}

type TicketRows = Awaited<ReturnType<typeof readTicketRows>>;

/**
 * Reads everything that the tickets of a group depend on, in one request. The rows may be of different moments. Every
 * ticket, also a rejected one, is written only if none exists, so an order is never rejected because of its own claims.
 */
async function readTicketRows(read: Reader, group: readonly PaymentAuthorizedEvent[]) {
  const items = itemsOf(group);
  const skus = [...quantitiesOf(items).keys()];
  const seats = seatsOf(items);
  const ids = group.map(({ data }) => data.order_id);
  const rows = await read.getMany([...ids.map(ticketKey), ...skus.map(stockKey), ...seats.map(seatKey)]);
  const [ticketRows, otherRows] = [rows.slice(0, ids.length), rows.slice(ids.length)];
  return {
    tickets: new Map(ticketRows.flatMap((row) => (row ? [[row.pk, parseTicket(row)] as const] : []))),
    stock: otherRows.slice(0, skus.length).flatMap((row) => (row ? [parseStock(row)] : [])),
    takenSeats: seats.filter((_, index) => otherRows[skus.length + index]),
  };
}

/**
 * Plans the tickets of undecided orders. Stock is claimed under the version that was read, and a seat only if its row
 * does not exist, so after a conflict with other orders all are decided again from fresh reads. A rejection writes
 * nothing to the stock row, because many orders may contend for that row.
 */
function planTickets(
  events: readonly PaymentAuthorizedEvent[],
  { stock, takenSeats }: TicketRows,
  now: number,
  context: MessageContext,
) {
  const orders = events.map((event) => ({ items: event.data.items, event }));
  const { claims, stock: changedStock } = claimInSequence(orders, stock, takenSeats);
  const decided = claims.map(({ order: { event }, claim }) => ({
    event,
    row: createTicketRow(event, claim, now, context),
  }));
  const issued = decided.filter(({ row }) => row['decision'] === 'issued').map(({ event }) => event);
  const lastIssued = issued.at(-1);
  return {
    writes: [
      // Not marked with `decides`: that would end the commit if only one of the orders has been decided meanwhile.
      ...decided.map(({ row }): Write => ({ op: 'put', row, when: absent })),
      ...changedStock.map(updateClaimed),
      ...issued.flatMap(putSeats),
    ],
    publish: [
      ...decided.flatMap(({ event, row }) => createAnswer(event, parseTicket(row)) ?? []),
      ...(lastIssued ? changedStock.map((product) => publishStockChanged(product, causeOf(lastIssued, now))) : []),
    ],
    decided,
  };
}

/** Creates the decision row of an order. It has no TTL, so a redelivery is recognized at any time. */
function createTicketRow(event: PaymentAuthorizedEvent, claim: Claim, now: number, context: MessageContext): Row {
  // The orders of a group are for the same products, so what is missing for one is missing for all.
  if (claim.decision === 'unknown')
    throw new PrerequisiteMissing(`no ProductChanged received yet: ${claim.skus.join(', ')}`);
  const { order_id, items } = event.data;
  const decision =
    claim.decision === 'issued' ? { decision: 'issued', ticket_id: deriveId('ticket', order_id) } : claim;
  return {
    ...ticketKey(order_id),
    ...{ order_id, items, version: 1, at: toIso(now), receipts: context.createReceipt(event) },
    ...decision,
  };
}

const putSeats = ({ data: { order_id, items = [] } }: PaymentAuthorizedEvent): Write[] =>
  seatsOf(items).map((seat) => ({
    op: 'put',
    row: { ...seatKey(seat), ...seat, order_id, version: SEAT_VERSION },
    when: absent,
  }));

/** Creates the answer to a payment from its decision. The id and the time of the event are the same each time. */
function createAnswer(event: PaymentAuthorizedEvent, ticket: Ticket): Publication | undefined {
  const { order_id } = event.data;
  const cause = causeOf(event, Date.parse(ticket.at));
  switch (ticket.decision) {
    case 'issued': {
      const { ticket_id, items } = ticket;
      return publishTicketEvent(TicketIssued.make({ order_id, ticket_id, items }, cause));
    }
    case 'rejected': {
      const { reason, sku, seat } = ticket;
      return publishTicketEvent(TicketRejected.make({ order_id, reason, sku, ...(seat ? { seat } : {}) }, cause));
    }
    case 'voided':
      // The refund has answered for a void ticket, so an earlier TicketIssued is no longer valid.
      return undefined;
  }
}
