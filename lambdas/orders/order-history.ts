import type { Envelope } from '../../events/envelope.ts';
import type { Receipt } from '../shared/messaging/receipt.ts';
import { parseOutboxRecord } from '../shared/outbox/outbox-record.ts';
import type { Reader, Row } from '../shared/store/store.ts';
import { parseOrder, type StoredOrder } from './order-row.ts';

/** A step that was decided, by its row: `PAYMENT`, `REFUND`, `TICKET`. */
export interface RecordedDecision {
  readonly step: string;
  readonly decision: string;
  readonly at: string;
}

/** Everything that an order has left behind, in every table that knows it. */
export interface OrderHistory {
  readonly stored: StoredOrder | undefined;
  readonly outbox: readonly Envelope[];
  readonly receipts: Readonly<Record<string, readonly Receipt[]>>;
  readonly decisions: readonly RecordedDecision[];
  readonly deadLetters: readonly { readonly event_id: string; readonly consumer: string; readonly reason: string }[];
}

const DECISIONS = new Set(['PAYMENT', 'REFUND', 'TICKET']);

/** One Query of each table, by the order's own key: rows that are there anyway. */
export async function readOrderHistory(tables: readonly Reader[], id: string): Promise<OrderHistory> {
  const rows = (await Promise.all(tables.map((table) => table.query({ partition: `ORDER#${id}` })))).flat();
  const state = rows.find(({ sk }) => sk === 'STATE');
  return {
    stored: state && parseOrder(state),
    outbox: rows.filter(({ sk }) => sk.startsWith('OUTBOX#')).flatMap(parseOutboxRecord),
    receipts: receiptsOf(rows),
    decisions: rows.filter(({ sk, decision, reason }) => DECISIONS.has(sk) && (decision ?? reason)).map(toDecision),
    deadLetters: rows.filter(({ sk }) => sk.startsWith('DEAD#')).map(toDeadLetter),
  };
}

function receiptsOf(rows: readonly Row[]): Record<string, Receipt[]> {
  const found: Record<string, Receipt[]> = {};
  for (const { receipts = {} } of rows)
    for (const [event, receipt] of Object.entries(receipts as Record<string, Receipt>))
      found[event] = [...(found[event] ?? []), receipt];
  return found;
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
