import type { Envelope } from '../../events/envelope.ts';
import type { Receipt } from '../shared/messaging/receipt.ts';
import { parseOutboxRecord } from '../shared/outbox/outbox-record.ts';
import type { Reader, Row } from '../shared/store/store.ts';
import type { Order } from './order.ts';
import { requireOrder } from './order-row.ts';

/** A decision row: `PAYMENT`, `REFUND` or `TICKET`. */
export interface RecordedDecision {
  readonly step: string;
  readonly decision: string;
  readonly at: string;
}

/** Everything that the tables contain about an order. */
export interface OrderHistory {
  readonly order: Order;
  readonly outbox: readonly Envelope[];
  /** The receipts of each event, by event id. */
  readonly receipts: Readonly<Record<string, readonly Receipt[]>>;
  readonly decisions: readonly RecordedDecision[];
  readonly deadLetters: readonly { readonly event_id: string; readonly consumer: string; readonly reason: string }[];
}

const DECISIONS = new Set(['PAYMENT', 'REFUND', 'TICKET']);

/** Reads the history with one Query of each table by the order's key. All of these rows exist for other purposes. */
export async function readOrderHistory(tables: readonly Reader[], id: string): Promise<OrderHistory> {
  const rows = (await Promise.all(tables.map((table) => table.query({ partition: `ORDER#${id}` })))).flat();
  const orderRow = rows.find(({ sk }) => sk === 'STATE');
  return {
    order: requireOrder(id, orderRow).order,
    outbox: rows.filter(({ sk }) => sk.startsWith('OUTBOX#')).flatMap(parseOutboxRecord),
    receipts: collectReceipts(rows),
    decisions: rows.filter(({ sk, decision, reason }) => DECISIONS.has(sk) && (decision ?? reason)).map(toDecision),
    deadLetters: rows.filter(({ sk }) => sk.startsWith('DEAD#')).map(toDeadLetter),
  };
}

function collectReceipts(rows: readonly Row[]): Record<string, Receipt[]> {
  const collected: Record<string, Receipt[]> = {};
  for (const { receipts = {} } of rows)
    for (const [eventId, receipt] of Object.entries(receipts as Record<string, Receipt>))
      collected[eventId] = [...(collected[eventId] ?? []), receipt];
  return collected;
}

const toDecision = ({ sk, decision, reason, at }: Row): RecordedDecision => ({
  step: sk,
  decision: String(decision ?? reason),
  at: String(at),
});

const toDeadLetter = ({ event_id, consumer, reason }: Row) => ({
  event_id: String(event_id),
  consumer: String(consumer),
  reason: String(reason),
});
