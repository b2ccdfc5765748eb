import type { ProductChanged } from '../../events/catalog/product-changed.ts';
import type { EventOf } from '../../events/envelope.ts';
import { commit, type Unit } from '../shared/commit.ts';
import { type Death, graveOf } from '../shared/grave.ts';
import { count } from '../shared/observability.ts';
import type { Call } from '../shared/receipt.ts';
import { absent, versionIs, type Write } from '../shared/store.ts';
import { issue, type PaymentAuthorizedEvent } from './issuing.ts';
import { type RefundRequestedEvent, revoke } from './revoking.ts';
import { offer } from './ticket.ts';
import { keptStock, stockKey, ticketKey } from './ticket-row.ts';

export type ProductChangedEvent = EventOf<typeof ProductChanged>;

/** Tickets and what they claim. */
export function ticketStore(unit: Unit) {
  return {
    /** Decides each order's ticket once, for all of its lines together. These orders are for the same products. */
    issue: (events: readonly PaymentAuthorizedEvent[], call: Call) => issue(unit, events, call),
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
