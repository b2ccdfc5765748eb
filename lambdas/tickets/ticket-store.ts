import type { ProductChanged } from '../../events/catalog/product-changed.ts';
import type { EventOf } from '../../events/envelope.ts';
import { type DeadLetter, recordDeadLetter } from '../shared/messaging/dead-letter.ts';
import type { MessageContext } from '../shared/messaging/receipt.ts';
import { count } from '../shared/runtime/observability.ts';
import { commit, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, versionIs, type Write } from '../shared/store/store.ts';
import { issueTickets, type PaymentAuthorizedEvent } from './issue-tickets.ts';
import { applyCapacity } from './ticket.ts';
import { parseStock, stockKey, ticketKey } from './ticket-row.ts';
import { type RefundRequestedEvent, voidTicket } from './void-ticket.ts';

export type ProductChangedEvent = EventOf<typeof ProductChanged>;

/** Tickets and what they claim. */
export function ticketStore(unit: UnitOfWork) {
  return {
    /** Decides each order's ticket once, for all of its lines together. These orders are for the same products. */
    issue: (events: readonly PaymentAuthorizedEvent[], call: MessageContext) => issueTickets(unit, events, call),
    /** Takes an order's ticket back; where there is none, none will be issued any more. */
    revoke: (event: RefundRequestedEvent, call: MessageContext) => voidTicket(unit, event, call),
    /** Takes in how much of a product there is. */
    offer: (event: ProductChangedEvent) => setCapacity(unit, event),
    /** Notes that an event about an order is in a DLQ. */
    recordDeadLetter: (event: PaymentAuthorizedEvent | RefundRequestedEvent, deadLetter: DeadLetter) =>
      recordDeadLetter(unit, ticketKey(event.data.order_id).pk, event, deadLetter),
  };
}
export type TicketStore = ReturnType<typeof ticketStore>;

const setCapacity = (unit: UnitOfWork, event: ProductChangedEvent): Promise<void> =>
  commit(unit, async (read) => {
    const key = stockKey(event.data.sku);
    const row = await read.get(key);
    const stock = row && parseStock(row);
    const next = applyCapacity(stock, event.data);
    if (!next) count('StaleUpdates');
    if (!next) return { writes: [], result: undefined };
    const { capacity, product_version, version } = next;
    const write: Write = stock
      ? { op: 'update', key, set: { capacity, product_version, version }, when: versionIs(stock.version) }
      : { op: 'put', row: { ...key, ...next }, when: absent };
    return { writes: [write], result: undefined };
  });
