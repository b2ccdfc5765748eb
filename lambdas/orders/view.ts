import * as z from 'zod/mini';
import { CartId, OrderId, QuoteId, UserId } from '../../events/ids.ts';
import { Items } from '../../events/items.ts';
import { Amount, Money } from '../../events/money.ts';
import { Text } from '../shared/http/text.ts';

const MAX_DESCRIPTION_LENGTH = 500;
const MAX_METADATA_PAIRS = 16;
const MAX_METADATA_BYTES = 2048;

export const Description = Text.check(z.maxLength(MAX_DESCRIPTION_LENGTH));

export const Metadata = z.record(Text.check(z.minLength(1)), Text).check(
  z.refine((pairs) => Object.keys(pairs).length <= MAX_METADATA_PAIRS, `at most ${MAX_METADATA_PAIRS} pairs`),
  z.refine(
    (pairs) => Buffer.byteLength(JSON.stringify(pairs)) <= MAX_METADATA_BYTES,
    `at most ${MAX_METADATA_BYTES} bytes`,
  ),
);

const LinePriceView = z.object({ list_price: Money, price: Money, rules: z.array(z.string()) });

/** How the amount of an order with items was decided. The lines are in the order of the items. */
export const PricingView = z.object({
  rules_version: z.int(),
  quote_id: z.optional(QuoteId),
  lines: z.array(LinePriceView),
});

export const OrderView = z.object({
  id: OrderId,
  user_id: UserId,
  amount: Amount,
  description: z.optional(Description),
  items: z.optional(Items),
  pricing: z.optional(PricingView),
  cart_id: z.optional(CartId),
  metadata: z.optional(Metadata),
  status: z.enum(['NEW', 'PAYMENT_AUTHORIZED', 'FINISHED', 'REFUNDING', 'CANCELLED', 'REFUNDED']),
  reason: z.optional(z.string()),
  created_at: z.iso.datetime(),
  updated_at: z.optional(z.iso.datetime()),
});
