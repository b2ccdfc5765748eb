import { assertSameRequest, type RequestIdentity } from '../shared/http/idempotency.ts';
import { commitOnce, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Row } from '../shared/store/store.ts';
import type { PriceRequest } from './pricing.ts';
import { quote } from './quote.ts';
import { createQuoteRow, parseQuote, quoteKey, type StoredQuote } from './quote-row.ts';

interface QuoteCreation {
  readonly quote: StoredQuote;
  readonly replayed: boolean;
}

export function quoteStore(work: UnitOfWork) {
  return { create: (request: PriceRequest, identity: RequestIdentity) => createQuote(work, request, identity) };
}
export type QuoteStore = ReturnType<typeof quoteStore>;

/** Guarantees the price of items for some time, once for each request identity. */
async function createQuote(
  work: UnitOfWork,
  { items, user_id }: PriceRequest,
  identity: RequestIdentity,
): Promise<QuoteCreation> {
  const outcome = await commitOnce(work, async (read) => {
    // A repetition is found before the price is read, because the items may have no price by now.
    const existing = identity.hasKey ? await read.get(quoteKey(identity.id)) : undefined;
    if (existing) return { writes: [], result: replay(existing, identity) };
    const price = await quote(read, { items, user_id }, () => work.clock.now());
    const row = createQuoteRow(price, user_id, identity);
    return {
      writes: [{ op: 'put', row, when: absent, decides: true }],
      result: { quote: parseQuote(row), replayed: false },
    };
  });
  return outcome.existing ? replay(outcome.existing, identity) : outcome.result;
}

function replay(row: Row, identity: RequestIdentity): QuoteCreation {
  assertSameRequest(row, identity);
  return { quote: parseQuote(row), replayed: identity.hasKey };
}
