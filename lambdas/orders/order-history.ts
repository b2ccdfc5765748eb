import type { Receipt } from '../shared/messaging/receipt.ts';
import { parseOutboxRecord } from '../shared/outbox/outbox-record.ts';
import type { Reader, Row } from '../shared/store/store.ts';
import { requireOrder } from './order-row.ts';

export type OrderHistory = Awaited<ReturnType<typeof readOrderHistory>>;

const DECISIONS = new Set(['PAYMENT', 'REFUND', 'TICKET']);

/** Reads the history with one Query of each table by the order's key. All of these rows exist for other purposes. */
export async function readOrderHistory(tables: readonly Reader[], id: string) {
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

const toDecision = ({ sk, decision, reason, at }: Row) => ({
  step: sk,
  decision: String(decision ?? reason),
  at: String(at),
});

const toDeadLetter = ({ event_id, consumer, reason }: Row) => ({
  event_id: String(event_id),
  consumer: String(consumer),
  reason: String(reason),
});
