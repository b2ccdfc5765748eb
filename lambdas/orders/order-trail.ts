import type { Envelope } from '../../events/envelope.ts';
import { eventsIn } from '../shared/outbox.ts';
import type { Receipt } from '../shared/receipt.ts';
import type { Item, Reader } from '../shared/store.ts';
import { type KeptOrder, keptOrder } from './order-row.ts';

/** A step that was decided, by its row: `PAYMENT`, `REFUND`, `TICKET`. */
export interface Decided {
  readonly step: string;
  readonly as: string;
  readonly at: string;
}

/** Everything that an order has left behind, in every table that knows it. */
export interface OrderTrail {
  readonly kept: KeptOrder | undefined;
  readonly outbox: readonly Envelope[];
  readonly receipts: Readonly<Record<string, readonly Receipt[]>>;
  readonly decisions: readonly Decided[];
  readonly dead: readonly { readonly event_id: string; readonly consumer: string; readonly reason: string }[];
}

const DECISIONS = new Set(['PAYMENT', 'REFUND', 'TICKET']);

/** One Query of each table, by the order's own key: rows that are there anyway. */
export async function orderTrail(tables: readonly Reader[], id: string): Promise<OrderTrail> {
  const rows = (await Promise.all(tables.map((table) => table.query({ hash: `ORDER#${id}` })))).flat();
  const state = rows.find(({ sk }) => sk === 'STATE');
  return {
    kept: state && keptOrder(state),
    outbox: rows.filter(({ sk }) => sk.startsWith('OUTBOX#')).flatMap(eventsIn),
    receipts: receiptsIn(rows),
    decisions: rows.filter(({ sk, decided, reason }) => DECISIONS.has(sk) && (decided ?? reason)).map(decidedBy),
    dead: rows.filter(({ sk }) => sk.startsWith('DEAD#')).map(deadBy),
  };
}

function receiptsIn(rows: readonly Item[]): Record<string, Receipt[]> {
  const found: Record<string, Receipt[]> = {};
  for (const { receipts = {} } of rows)
    for (const [event, receipt] of Object.entries(receipts as Record<string, Receipt>))
      found[event] = [...(found[event] ?? []), receipt];
  return found;
}

const decidedBy = ({ sk, decided, reason, at }: Item): Decided => ({
  step: sk,
  as: String(decided ?? reason),
  at: String(at),
});

const deadBy = ({ event_id, consumer, reason }: Item) => ({
  event_id: String(event_id),
  consumer: String(consumer),
  reason: String(reason),
});
