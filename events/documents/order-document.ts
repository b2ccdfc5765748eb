import * as z from 'zod/mini';
import { isCurrency } from './currencies.ts';
import { OrderUid } from './order-uid.ts';

const nonEmptyText = z.string().check(z.minLength(1));
/** A whole number of any size. The text of a document is stored as it is, so numbers above 2^53 are not rounded. */
const wholeNumber = z.number().check(z.refine(Number.isInteger, 'must be a whole number'));
const nonNegativeNumber = wholeNumber.check(z.gte(0));

const RFC_3339 = /^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/i;

/**
 * The number of digits of a second's fraction that are compared. The instant is part of a key of the cache's index,
 * and such a key has at most 1024 bytes. Versions that differ only in later digits are ordered by their hash.
 */
const MAX_FRACTION_DIGITS = 30;

/**
 * Returns the date in UTC as a text that sorts by time, with its fraction of a second; nothing if it is no valid date.
 */
export function toSortableInstant(date: string): string | undefined {
  if (!RFC_3339.test(date)) return undefined;
  const [, fraction = ''] = /\.(\d+)/.exec(date) ?? [];
  const seconds = date.toUpperCase().replace(/\.\d+/, '');
  // `Date` would read 30 February as 2 March.
  const day = seconds.slice(0, 10);
  const midnight = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(day)) return undefined;
  const utc = toUtc(seconds);
  // The offset can move a date before the year 0 or after 9999. Such years have more digits and do not sort by time.
  if (utc?.length !== 24) return undefined;
  return `${utc.slice(0, 19)}.${fraction.slice(0, MAX_FRACTION_DIGITS).replace(/0+$/, '')}`;
}

/**
 * Converts seconds to UTC. `Date` has no leap seconds, so second 60 is converted as 59 and put back. Leap seconds occur
 * only at the end of June and December; at any other time the result is nothing.
 */
function toUtc(seconds: string): string | undefined {
  const utc = new Date(seconds.replace(':60', ':59')).toISOString();
  if (!seconds.includes(':60')) return utc;
  return /-(06-30|12-31)T23:59:59/.test(utc) ? utc.replace(':59.', ':60.') : undefined;
}

const Delivery = z.looseObject({
  name: nonEmptyText,
  phone: z.string().check(z.regex(/^\+[1-9]\d{6,14}$/, 'must be an international phone number: + and 7 to 15 digits')),
  zip: nonEmptyText,
  city: nonEmptyText,
  address: nonEmptyText,
  region: nonEmptyText,
  email: z.email(),
});

/** Returns how far a correct sum may differ. Above 2^53, parsed numbers are rounded. */
const roundingTolerance = (amount: number): number =>
  amount > Number.MAX_SAFE_INTEGER ? 2 * Number.EPSILON * amount : 0;

const summands = ['amount', 'goods_total', 'delivery_cost', 'custom_fee'] as const;
type PaymentAmounts = Readonly<Record<(typeof summands)[number], number>>;

const addsUp = ({ amount, goods_total, delivery_cost, custom_fee }: PaymentAmounts): boolean =>
  Math.abs(amount - (goods_total + delivery_cost + custom_fee)) <= roundingTolerance(amount);

const Payment = z
  .looseObject({
    transaction: nonEmptyText,
    request_id: z.string(),
    currency: z.string().check(z.refine(isCurrency, 'must be an ISO 4217 currency code')),
    provider: nonEmptyText,
    amount: nonNegativeNumber,
    payment_dt: nonNegativeNumber,
    bank: nonEmptyText,
    delivery_cost: nonNegativeNumber,
    goods_total: nonNegativeNumber,
    custom_fee: nonNegativeNumber,
  })
  .check(
    z.refine(addsUp, {
      path: ['amount'],
      message: 'must equal goods_total + delivery_cost + custom_fee',
      // Runs even if other fields are invalid, once the four amounts are numbers, so that a response lists all errors.
      when: ({ value }) => summands.every((name) => Number.isFinite((value as Record<string, unknown> | null)?.[name])),
    }),
  );

const Item = z.looseObject({
  chrt_id: wholeNumber,
  track_number: nonEmptyText,
  price: nonNegativeNumber,
  rid: nonEmptyText,
  name: nonEmptyText,
  sale: nonNegativeNumber,
  size: nonEmptyText,
  total_price: nonNegativeNumber,
  nm_id: wholeNumber,
  brand: nonEmptyText,
  status: wholeNumber,
});

/**
 * A document of 128 KB has room for fewer valid items, so the limit rejects none. It has room for 40,000 of the
 * smallest invalid items, whose errors would be too many to return.
 */
const MAX_ITEMS = 1000;

/** An order of an external shop. Fields that are not declared here are stored and returned too. */
export const OrderDocument = z.looseObject({
  order_uid: OrderUid,
  track_number: nonEmptyText,
  entry: nonEmptyText,
  delivery: Delivery,
  payment: Payment,
  items: z
    .array(Item)
    .check(
      z.minLength(1, 'must have at least one item'),
      z.maxLength(MAX_ITEMS, `must have at most ${MAX_ITEMS} items`),
    ),
  locale: nonEmptyText,
  internal_signature: z.string(),
  customer_id: nonEmptyText,
  delivery_service: nonEmptyText,
  shardkey: nonEmptyText,
  sm_id: wholeNumber,
  date_created: z
    .string()
    .check(z.refine((date) => toSortableInstant(date) !== undefined, 'must be an RFC 3339 date-time')),
  oof_shard: nonEmptyText,
});
export type OrderDocument = z.infer<typeof OrderDocument>;
