import * as z from 'zod/mini';
import { Seat, Sku } from '../../events/items.ts';
import { Money } from '../../events/money.ts';

/** A line with its price, and the rules that set it: the price of one unit before and after each. */
export const PricedLineView = z.object({
  sku: Sku,
  quantity: z.int(),
  seat: z.optional(Seat),
  list_price: Money,
  price: Money,
  amount: Money,
  rules: z.array(z.object({ rule: z.string(), before: Money, after: Money })),
});

export const RulesVersionNumber = z.int().check(z.gte(0));

/** The fields of every price in a response. */
export const priceFields = {
  /** 0 if there are no rules yet. */
  rules_version: RulesVersionNumber,
  total: Money,
  lines: z.array(PricedLineView),
};
