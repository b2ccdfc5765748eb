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

export function ticketStore(work: UnitOfWork) {
  return {
    issue: (events: readonly PaymentAuthorizedEvent[], context: MessageContext) => issueTickets(work, events, context),
    voidTicket: (event: RefundRequestedEvent, context: MessageContext) => voidTicket(work, event, context),
    setCapacity: (event: ProductChangedEvent) => setCapacity(work, event),
    /** Writes a row beside the order's ticket which shows that an event about the order is in a DLQ. */
    recordDeadLetter: (event: PaymentAuthorizedEvent | RefundRequestedEvent, deadLetter: DeadLetter) =>
      recordDeadLetter(work, ticketKey(event.data.order_id).pk, event, deadLetter),
  };
}

/** Applies a product's capacity to its stock. The first event of a product creates the stock. */
const setCapacity = (work: UnitOfWork, event: ProductChangedEvent): Promise<void> =>
  commit(work, async (read) => {
    const key = stockKey(event.data.sku);
    const row = await read.get(key);
    const stock = row && parseStock(row);
    const next = applyCapacity(stock, event.data, Math.floor(work.clock.now()));
    if (!next) {
      count('StaleUpdates');
      return { writes: [], result: undefined };
    }
    const { capacity, product_version, version } = next;
    const write: Write = stock
      ? { op: 'update', key, set: { capacity, product_version, version }, when: versionIs(stock.version) }
      : { op: 'put', row: { ...key, ...next }, when: absent };
    return { writes: [write], result: undefined };
  });
