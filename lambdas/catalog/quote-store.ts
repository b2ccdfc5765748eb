import { assertSameRequest, type RequestIdentity } from '../shared/http/idempotency.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import { type Change, commitOnce, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Row, versionIs } from '../shared/store/store.ts';
import type { PriceRequest } from './pricing.ts';
import { quote } from './quote.ts';
import { createQuoteRow, isExpired, parseQuote, quoteKey, type StoredQuote, versionOf } from './quote-row.ts';

interface QuoteCreation {
  readonly quote: StoredQuote;
  readonly replayed: boolean;
}

export function quoteStore(work: UnitOfWork) {
  return {
    create: (request: PriceRequest, identity: RequestIdentity) => createQuote(work, request, identity),
    /** Returns a quote whether or not it is still valid. Throws if there is none or its row has expired. */
    get: async (id: string): Promise<StoredQuote> => {
      const row = await work.store.get(quoteKey(id));
      if (row && !isExpired(row, work.clock.now())) return parseQuote(row);
      throw new Rejected('quote_not_found', `There is no quote ${id}.`, 404);
    },
  };
}
export type QuoteStore = ReturnType<typeof quoteStore>;

/**
 * Guarantees the price of items for some time, once for each request identity. A day later, the row of the request is
 * replaced if TTL has not deleted it yet.
 */
async function createQuote(work: UnitOfWork, request: PriceRequest, identity: RequestIdentity): Promise<QuoteCreation> {
  const now = () => work.clock.now();
  const outcome = await commitOnce(work, async (read): Promise<Change<QuoteCreation>> => {
    const row = identity.hasKey ? await read.get(quoteKey(identity.id)) : undefined;
    // A repetition is found before the price is read, because the items may have no price by now.
    if (row && !isExpired(row, now())) return { writes: [], result: replay(row, identity) };
    try {
      const price = await quote(read, { items: request.items, user_id: request.user_id }, now);
      const next = createQuoteRow(price, request.user_id, identity, row);
      const when = row ? versionIs(versionOf(row)) : absent;
      return {
        writes: [{ op: 'put', row: next, when, decides: true }],
        result: { quote: parseQuote(next), replayed: false },
      };
    } catch (error) {
      if (!(error instanceof Rejected && identity.hasKey)) throw error;
      // The same request may have got its quote meanwhile, at the price of then.
      const created = await read.get(quoteKey(identity.id));
      if (created && !isExpired(created, now())) return { writes: [], result: replay(created, identity) };
      throw error;
    }
  });
  return outcome.existing ? replay(outcome.existing, identity) : outcome.result;
}

function replay(row: Row, identity: RequestIdentity): QuoteCreation {
  assertSameRequest(row, identity);
  return { quote: parseQuote(row), replayed: identity.hasKey };
}
