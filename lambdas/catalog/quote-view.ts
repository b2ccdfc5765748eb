import * as z from 'zod/mini';
import { QuoteId, UserId } from '../../events/ids.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { priceFields } from './price-view.ts';
import type { StoredQuote } from './quote-row.ts';

export const QuoteView = z.object({
  quote_id: QuoteId,
  user_id: z.optional(UserId),
  ...priceFields,
  created_at: z.iso.datetime(),
  /** Until when an order pays this price. The quote itself is shown for a day after its creation. */
  expires_at: z.iso.datetime(),
});

export const toQuoteView = ({ createdMs, validUntilMs, ...quote }: StoredQuote): z.infer<typeof QuoteView> => ({
  ...quote,
  created_at: toIso(createdMs),
  expires_at: toIso(validUntilMs),
});
