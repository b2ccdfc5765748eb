import * as z from 'zod/mini';
import { QuoteId } from '../../events/ids.ts';
import { route } from '../shared/http/route.ts';
import type { CatalogApiDeps } from './deps.ts';
import { QuoteView, toQuoteView } from './quote-view.ts';

export const showQuote = route(
  { params: z.strictObject({ id: QuoteId }), returns: QuoteView },
  async ({ params: { id } }, { quotes }: CatalogApiDeps) => toQuoteView(await quotes.get(id)),
);
