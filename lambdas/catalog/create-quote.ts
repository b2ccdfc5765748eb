import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { RequestedItems } from '../../events/items.ts';
import { HttpResponse, replayedHeader, route } from '../shared/http/route.ts';
import type { CatalogApiDeps } from './deps.ts';
import { QuoteView, toQuoteView } from './quote-view.ts';

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
    status: 201,
  },
  async ({ body, identify }, { quotes }: CatalogApiDeps) => {
    const { quote, replayed } = await quotes.create(body, identify(body.user_id ?? ''));
    const headers = { Location: `/quotes/${quote.quote_id}`, ...(replayed && replayedHeader) };
    return new HttpResponse(toQuoteView(quote), headers);
  },
);
