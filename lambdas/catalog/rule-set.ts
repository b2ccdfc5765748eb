import * as z from 'zod/mini';
import { Sku } from '../../events/items.ts';
import { MAX_AMOUNT } from '../../events/money.ts';
import { Text } from '../shared/http/text.ts';

const MAX_RULES = 100;
const MAX_SKUS = 100;
const MAX_DESCRIPTION = 200;
const MAX_QUANTITY = 400;
const MAX_STOCK = 1_000_000_000;
/** Every order with items reads the set. A strongly consistent read of 32 KB takes 8 read units. */
const MAX_BYTES = 32 * 1024;

const nameUpTo = (length: number) =>
  z
    .string()
    .check(
      z.regex(
        new RegExp(`^[A-Za-z0-9][A-Za-z0-9._-]{0,${length - 1}}$`),
        `must have at most ${length} letters, digits or . _ - and start with a letter or digit`,
      ),
    );

/** The tag of a customer, for example `student`. */
export const CustomerTag = nameUpTo(32);

interface Bounds {
  readonly at_least?: number | undefined;
  readonly at_most?: number | undefined;
}

const rangeUpTo = (maximum: number) => {
  const bound = z.optional(z.int().check(z.gte(0), z.lte(maximum)));
  return z.strictObject({ at_least: bound, at_most: bound }).check(
    z.refine<Bounds>(({ at_least, at_most }) => at_least !== undefined || at_most !== undefined, {
      message: 'must have at_least, at_most or both',
    }),
    z.refine<Bounds>(({ at_least = 0, at_most = maximum }) => at_least <= at_most, {
      path: ['at_most'],
      message: 'must not be below at_least',
    }),
  );
};

interface Window {
  readonly from?: string | undefined;
  readonly until?: string | undefined;
}

const TimeWindow = z.strictObject({ from: z.optional(z.iso.datetime()), until: z.optional(z.iso.datetime()) }).check(
  z.refine<Window>(({ from, until }) => from !== undefined || until !== undefined, {
    message: 'must have from, until or both',
  }),
  z.refine<Window>(
    ({ from, until }) => from === undefined || until === undefined || Date.parse(from) < Date.parse(until),
    { path: ['until'], message: 'must be later than from' },
  ),
);

const Effect = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('percent'), basis_points: z.int().check(z.gte(-10_000), z.lte(100_000)) }),
  z.strictObject({ type: z.literal('amount'), amount: z.int().check(z.gte(-MAX_AMOUNT), z.lte(MAX_AMOUNT)) }),
  z.strictObject({ type: z.literal('price'), price: z.int().check(z.gte(0), z.lte(MAX_AMOUNT)) }),
]);

const Rule = z.strictObject({
  id: nameUpTo(64),
  description: z.optional(Text.check(z.maxLength(MAX_DESCRIPTION))),
  skus: z.optional(z.array(Sku).check(z.minLength(1), z.maxLength(MAX_SKUS))),
  when: z.optional(
    z.strictObject({
      stock: z.optional(rangeUpTo(MAX_STOCK)),
      time: z.optional(TimeWindow),
      quantity: z.optional(rangeUpTo(MAX_QUANTITY)),
      cart_total: z.optional(rangeUpTo(MAX_QUANTITY * MAX_AMOUNT)),
      customer_tag: z.optional(CustomerTag),
    }),
  ),
  effect: Effect,
});

/** Returns the ids that several rules have, of rules that may have other errors. */
function repeatedIdsOf(rules: unknown): string[] {
  if (!Array.isArray(rules)) return [];
  const ids = rules.flatMap((rule: unknown) => {
    const id = typeof rule === 'object' && rule !== null && 'id' in rule ? rule.id : undefined;
    return typeof id === 'string' ? [id] : [];
  });
  return [...new Set(ids.filter((id, index) => ids.indexOf(id) !== index))];
}

/** What concerns all rules together. It is a schema of its own, so that it runs although single rules have errors. */
const AllRules = z.unknown().check(
  z.refine((rules) => repeatedIdsOf(rules).length === 0, {
    error: ({ input }) => `must not repeat an id: ${repeatedIdsOf(input).join(', ')}`,
  }),
  z.refine((rules) => Buffer.byteLength(JSON.stringify(rules) ?? '') <= MAX_BYTES, {
    error: `must have at most ${MAX_BYTES} bytes as JSON`,
  }),
);

export const ruleSetFields = {
  mode: z.enum(['first_match', 'combine']),
  rules: z.intersection(z.array(Rule).check(z.maxLength(MAX_RULES)), AllRules),
};

/**
 * A set of price rules, in a request and in a row. It is parsed strictly in both: a condition that this code does not
 * know must stop a price, because without the condition the rule would apply to everybody.
 */
export const RuleSetSchema = z.strictObject(ruleSetFields);
