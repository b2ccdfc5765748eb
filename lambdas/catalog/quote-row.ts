import * as z from 'zod/mini';
import type { RequestIdentity } from '../shared/http/idempotency.ts';
import { expiresAt } from '../shared/outbox/outbox-record.ts';
import { toIso } from '../shared/runtime/clock.ts';
import type { Key, Row } from '../shared/store/store.ts';
import type { PricedItems } from './price-rules.ts';
import { PricedLineView } from './price-view.ts';
import type { Price } from './pricing.ts';

/** How long a price is guaranteed: enough to confirm an order, and short enough for prices that follow the stock. */
export const QUOTE_VALID_MS = 15 * 60_000;
/** A quote is known for a day, so that a late order is told that it has expired, and not that there is none. */
const ROW_TTL_SECONDS = 24 * 3600;

/** A price that is guaranteed until a time: to one user, or to everybody if it depends on no user. */
export interface StoredQuote extends PricedItems {
  readonly quote_id: string;
  readonly user_id?: string | undefined;
  readonly rules_version: number;
  readonly createdMs: number;
  readonly validUntilMs: number;
}

export const quoteKey = (id: string): Key => ({ pk: `QUOTE#${id}`, sk: 'STATE' });

const QuoteRow = z.object({
  quote_id: z.string(),
  user_id: z.optional(z.string()),
  rules_version: z.number(),
  total: z.number(),
  lines: z.array(PricedLineView),
  created_at: z.string(),
  valid_until: z.string(),
  expires_at: z.number(),
});

/** Returns the version of a quote's row. It changes only if the row replaces one that has expired. */
export const versionOf = (row: Row | undefined): number => Number(row?.['version'] ?? 0);

/** The `body_hash` makes the row the record of the request as well. */
export function createQuoteRow(
  { rules_version, total, lines, decidedMs }: Price,
  user_id: string | undefined,
  { id, body_hash }: RequestIdentity,
  expired?: Row,
): Row {
  return {
    ...quoteKey(id),
    quote_id: id,
    user_id,
    rules_version,
    total,
    lines,
    created_at: toIso(decidedMs),
    valid_until: toIso(decidedMs + QUOTE_VALID_MS),
    body_hash,
    version: versionOf(expired) + 1,
    expires_at: expiresAt(decidedMs, ROW_TTL_SECONDS),
  };
}

export function parseQuote(row: Row): StoredQuote {
  const { created_at, valid_until, expires_at: _, ...quote } = QuoteRow.parse(row);
  return { ...quote, createdMs: Date.parse(created_at), validUntilMs: Date.parse(valid_until) };
}

/** Returns whether a row is as good as deleted. TTL deletes it up to days later, and nobody must see the difference. */
export const isExpired = (row: Row, nowMs: number): boolean => nowMs >= QuoteRow.parse(row).expires_at * 1000;
