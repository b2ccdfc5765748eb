import type { ProductChanged } from '../../events/catalog/product-changed.ts';
import type { Cause, Envelope, EventOf } from '../../events/envelope.ts';
import type { RefundRequested } from '../../events/orders/refund-requested.ts';
import type { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { StockChanged } from '../../events/tickets/stock-changed.ts';
import { TicketIssued } from '../../events/tickets/ticket-issued.ts';
import { TicketRejected } from '../../events/tickets/ticket-rejected.ts';
import { TicketVoided } from '../../events/tickets/ticket-voided.ts';
import { answerAgain } from '../shared/answer-again.ts';
import { iso } from '../shared/clock.ts';
import { type Change, commit, type Unit } from '../shared/commit.ts';
import { NotYet } from '../shared/errors.ts';
import { type Death, graveOf } from '../shared/grave.ts';
import { derivedId } from '../shared/identity.ts';
import { count, logger } from '../shared/observability.ts';
import type { Outgoing } from '../shared/outbox.ts';
import { type Call, causeOf } from '../shared/receipt.ts';
import { absent, type Item, type Key, type Reader, versionIs, type Write } from '../shared/store.ts';
import { claim, giveBack, offer, type Place, quantitiesIn, type Stock, seatsIn } from './ticket.ts';
import { keptStock, keptTicket, type Ticket } from './ticket-row.ts';

export type PaymentAuthorizedEvent = EventOf<typeof PaymentAuthorized>;
export type RefundRequestedEvent = EventOf<typeof RefundRequested>;
export type ProductChangedEvent = EventOf<typeof ProductChanged>;

const ticketKey = (orderId: string): Key => ({ pk: `ORDER#${orderId}`, sk: 'TICKET' });
const stockKey = (sku: string): Key => ({ pk: `SKU#${sku}`, sk: 'STOCK' });
const seatKey = ({ sku, seat }: Place): Key => ({ pk: `SKU#${sku}`, sk: `SEAT#${seat}` });

/** A seat's row comes and goes and never changes; its version lets it be erased under a condition. */
const SEAT_VERSION = 1;

/** Tickets and what they claim. The only place that knows their keys. */
export function ticketStore(unit: Unit) {
  return {
    /** Decides an order's ticket once, and for all of its lines together. */
    issue: (event: PaymentAuthorizedEvent, call: Call) => issue(unit, event, call),
    /** Takes an order's ticket back; where there is none, none will be issued any more. */
    revoke: (event: RefundRequestedEvent, call: Call) => revoke(unit, event, call),
    /** Takes in how much of a product there is. */
    offer: (event: ProductChangedEvent) => takeOffer(unit, event),
    /** Notes that an event about an order is in a DLQ. */
    mourn: (event: PaymentAuthorizedEvent | RefundRequestedEvent, death: Death) =>
      commit(unit, async () => ({
        writes: [graveOf(ticketKey(event.data.order_id).pk, event, death, unit.clock.now())],
        result: undefined,
      })),
  };
}
export type TicketStore = ReturnType<typeof ticketStore>;

async function issue(unit: Unit, event: PaymentAuthorizedEvent, call: Call): Promise<void> {
  const { order_id } = event.data;
  const before = await commit(unit, async (read) => {
    const { row, stock, taken } = await found(read, event);
    return row ? { writes: [], result: keptTicket(row) } : decide(unit, event, stock, taken, call);
  });
  // a void ticket was answered by the refund: what was issued before it is no answer any more
  const answer = before && answerOf(order_id, before, causeOf(event, unit.clock.now()));
  if (answer) await answerAgain(unit, event, () => about(order_id, answer));
  else if (before) count('Duplicates');
}

/** All that an order's ticket depends on, in one read. */
async function found(read: Reader, { data: { order_id, items = [] } }: PaymentAuthorizedEvent) {
  const skus = [...quantitiesIn(items).keys()];
  const seats = seatsIn(items);
  const [row, ...rest] = await read.getMany([ticketKey(order_id), ...skus.map(stockKey), ...seats.map(seatKey)]);
  return {
    row,
    stock: rest.slice(0, skus.length).flatMap((one) => (one ? [keptStock(one)] : [])),
    taken: seats.filter((_, at) => rest[skus.length + at]),
  };
}

/**
 * The decision row decides once and for ever. Stock and seats are taken under what was read of them: where another order
 * was faster, they are looked at again. What is gone already is refused without a write to the stock, which may be hot.
 */
function decide(
  unit: Unit,
  event: PaymentAuthorizedEvent,
  stock: readonly Stock[],
  taken: readonly Place[],
  call: Call,
): Change<undefined> {
  const { order_id, items } = event.data;
  const claims = claim(items ?? [], stock, taken);
  if (claims.decided === 'unknown') throw new NotYet(`not heard of yet: ${claims.skus.join(', ')}`);
  const cause = causeOf(event, unit.clock.now());
  const shared = { order_id, items, version: 1, at: cause.time, receipts: call.receiptOf(event) };
  const row: Item =
    claims.decided === 'issued'
      ? { ...ticketKey(order_id), ...shared, decided: 'issued', ticket_id: derivedId('ticket', order_id) }
      : { ...ticketKey(order_id), ...shared, ...claims };
  logger.info('ticket decided', { order_id, decided: claims.decided });
  const after = claims.decided === 'issued' ? claims.stock : [];
  const seats = claims.decided === 'issued' ? seatsIn(items ?? []) : [];
  const answer = answerOf(order_id, keptTicket(row), cause);
  return {
    writes: [
      { op: 'put', item: row, when: absent, decides: true },
      ...after.map(changeStock),
      ...seats.map(
        (place): Write => ({
          op: 'put',
          item: { ...seatKey(place), ...place, order_id, version: SEAT_VERSION },
          when: absent,
        }),
      ),
    ],
    publish: [...(answer ? [about(order_id, answer)] : []), ...after.map((one) => told(one, cause))],
    result: undefined,
  };
}

/** What a decision says, whoever asks, and so under the same id; a void ticket has nothing to say to a payment. */
function answerOf(order_id: string, ticket: Ticket, cause: Cause): Envelope | undefined {
  switch (ticket.decided) {
    case 'issued':
      return TicketIssued.make({ order_id, ticket_id: ticket.ticket_id, items: ticket.items }, cause);
    case 'rejected':
      return TicketRejected.make(
        { order_id, reason: ticket.reason, sku: ticket.sku, ...(ticket.seat ? { seat: ticket.seat } : {}) },
        cause,
      );
    case 'voided':
      return undefined;
  }
}

async function revoke(unit: Unit, event: RefundRequestedEvent, call: Call): Promise<void> {
  const { order_id } = event.data;
  const voided = (ticketId: string | undefined) =>
    about(
      order_id,
      TicketVoided.make(
        { order_id, ...(ticketId === undefined ? {} : { ticket_id: ticketId }) },
        causeOf(event, unit.clock.now()),
      ),
    );
  const { before, lost } = await commit(unit, async (read): Promise<Change<Taken>> => {
    const row = await read.get(ticketKey(order_id));
    const ticket = row && keptTicket(row);
    const at = iso(unit.clock.now());
    const receipts = { ...ticket?.receipts, ...call.receiptOf(event) };
    if (!ticket) {
      // no decision by itself: where a ticket was issued in the meantime, this looks again and takes that one back
      const item = { ...ticketKey(order_id), order_id, decided: 'voided', version: 1, at, receipts };
      return { writes: [{ op: 'put', item, when: absent }], publish: [voided(undefined)], result: { lost: [] } };
    }
    if (ticket.decided !== 'issued') return { writes: [], result: { before: ticket, lost: [] } };
    const { freed, seats, lost } = await heldBy(read, order_id, ticket);
    const set = { decided: 'voided', version: ticket.version + 1, at, receipts };
    return {
      writes: [
        { op: 'update', key: ticketKey(order_id), set, when: versionIs(ticket.version) },
        ...freed.map(changeStock),
        ...seats.map((place): Write => ({ op: 'erase', key: seatKey(place), when: versionIs(SEAT_VERSION) })),
      ],
      publish: [voided(ticket.ticket_id), ...freed.map((one) => told(one, causeOf(event, unit.clock.now())))],
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
  if (before?.decided === 'voided') await answerAgain(unit, event, () => voided(before.ticket_id));
  else if (before) count('Duplicates');
}

/** What taking a ticket back has met: a decision that stands, and rows that somebody has taken away by hand. */
interface Taken {
  readonly before?: Ticket;
  readonly lost: readonly Key[];
}

/**
 * What a ticket claims and so gives back: stock as it is after, and seats that are still its own. Whatever is gone, or is
 * another's by now, is not its to give: a customer's money must not wait for that.
 */
async function heldBy(read: Reader, orderId: string, { items = [] }: Extract<Ticket, { decided: 'issued' }>) {
  const skus = [...quantitiesIn(items).keys()];
  const places = seatsIn(items);
  const keys = [...skus.map(stockKey), ...places.map(seatKey)];
  const rows = keys.length > 0 ? await read.getMany(keys) : [];
  const stock = rows.slice(0, skus.length);
  const isOwn = (_: Place, at: number) => rows[skus.length + at]?.['order_id'] === orderId;
  return {
    freed: giveBack(
      items,
      stock.flatMap((row) => (row ? [keptStock(row)] : [])),
    ),
    seats: places.filter(isOwn),
    lost: [
      ...skus.filter((_, at) => !stock[at]).map(stockKey),
      ...places.filter((place, at) => !isOwn(place, at)).map(seatKey),
    ],
  };
}

const takeOffer = (unit: Unit, event: ProductChangedEvent): Promise<void> =>
  commit(unit, async (read) => {
    const key = stockKey(event.data.sku);
    const row = await read.get(key);
    const stock = row && keptStock(row);
    const next = offer(stock, event.data);
    if (!next) count('StaleUpdates');
    if (!next) return { writes: [], result: undefined };
    const { capacity, product_version, version } = next;
    const write: Write = stock
      ? { op: 'update', key, set: { capacity, product_version, version }, when: versionIs(stock.version) }
      : { op: 'put', item: { ...key, ...next }, when: absent };
    return { writes: [write], result: undefined };
  });

/** Under the version that it was decided on, which is the one before. */
const changeStock = ({ sku, claimed, version }: Stock): Write => ({
  op: 'update',
  key: stockKey(sku),
  set: { claimed, version },
  when: versionIs(version - 1),
});

const told = ({ sku, claimed, version }: Stock, cause: Cause): Outgoing => ({
  about: stockKey(sku).pk,
  events: [StockChanged.make({ sku, claimed, version }, cause)],
});

const about = (orderId: string, event: Envelope): Outgoing => ({ about: ticketKey(orderId).pk, events: [event] });
