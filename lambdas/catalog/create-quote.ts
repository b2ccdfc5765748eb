import * as z from 'zod/mini';
import { QuoteId, UserId } from '../../events/ids.ts';
import { RequestedItems } from '../../events/items.ts';
import { HttpResponse, replayedHeader, route } from '../shared/http/route.ts';
import { toIso } from '../shared/runtime/clock.ts';
import type { CatalogApiDeps } from './deps.ts';
import { priceFields } from './price-view.ts';
import type { StoredQuote } from './quote-row.ts';

const QuoteView = z.object({
  quote_id: QuoteId,
  user_id: z.optional(UserId),
  ...priceFields,
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
});

export const createQuote = route(
  {
    body: z.strictObject({
      items: RequestedItems,
      user_id: z.optional(
        UserId.check(
          z.describe('The customer. The price then follows the tags of the customer, who alone may use it.'),
        ),
      ),
    }),
    returns: QuoteView,
  },
  async ({ body, identify }, { quotes }: CatalogApiDeps) => {
    const { quote, replayed } = await quotes.create(body, identify(body.user_id ?? ''));
    return new HttpResponse(toQuoteView(quote), replayed ? replayedHeader : {});
  },
);

const toQuoteView = ({ createdMs, validUntilMs, ...quote }: StoredQuote): z.infer<typeof QuoteView> => ({
  ...quote,
  created_at: toIso(createdMs),
  expires_at: toIso(validUntilMs),
});
