import * as z from 'zod/mini';
import { isCurrency } from './currencies.ts';
import { OrderUid } from './order-uid.ts';

const nonEmptyText = z.string().check(z.minLength(1));
/** Also beyond 2^53: a document is kept as its text, so no number of it is ever rounded. */
const wholeNumber = z.number().check(z.refine(Number.isInteger, 'not a whole number'));
const nonNegativeNumber = wholeNumber.check(z.gte(0));

const RFC_3339 = /^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/i;

/** A key of the cache's index ends at 1024 bytes, and nobody orders twice within the last of these parts of a second. */
const MAX_DIGITS = 30;

/** The seconds of a date, in UTC and as they sort, and what it says of smaller parts; nothing where it is no date. */
export function toSortableInstant(date: string): string | undefined {
  if (!RFC_3339.test(date)) return undefined;
  const [, parts = ''] = /\.(\d+)/.exec(date) ?? [];
  const seconds = date.toUpperCase().replace(/\.\d+/, '');
  // Date takes 30 February for 2 March
  const day = seconds.slice(0, 10);
  const midnight = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(day)) return undefined;
  const utc = toUtc(seconds);
  // before year 0 or after 9999 by its offset only: such years sort otherwise
  if (utc?.length !== 24) return undefined;
  return `${utc.slice(0, 19)}.${parts.slice(0, MAX_DIGITS).replace(/0+$/, '')}`;
}

/** Date knows no leap second: it is told as the one before, behind which it sorts. There are some at the ends of halves only. */
function toUtc(seconds: string): string | undefined {
  const utc = new Date(seconds.replace(':60', ':59')).toISOString();
  if (!seconds.includes(':60')) return utc;
  return /-(06-30|12-31)T23:59:59/.test(utc) ? utc.replace(':59.', ':60.') : undefined;
}

const Delivery = z.looseObject({
  name: nonEmptyText,
  phone: z.string().check(z.regex(/^\+[1-9]\d{6,14}$/, 'not an international phone number: + and 7 to 15 digits')),
  zip: nonEmptyText,
  city: nonEmptyText,
  address: nonEmptyText,
  region: nonEmptyText,
  email: z.email(),
});

/** Numbers beyond 2^53 were rounded when they were read, so there a right sum may be another by a little. */
const roundingToleranceOf = (amount: number): number =>
  amount > Number.MAX_SAFE_INTEGER ? 2 * Number.EPSILON * amount : 0;

const summands = ['amount', 'goods_total', 'delivery_cost', 'custom_fee'] as const;

interface PaymentAmounts {
  readonly amount: number;
  readonly goods_total: number;
  readonly delivery_cost: number;
  readonly custom_fee: number;
}
const addsUp = ({ amount, goods_total, delivery_cost, custom_fee }: PaymentAmounts): boolean =>
  Math.abs(amount - (goods_total + delivery_cost + custom_fee)) <= roundingToleranceOf(amount);

const Payment = z
  .looseObject({
    transaction: nonEmptyText,
    request_id: z.string(),
    currency: z.string().check(z.refine(isCurrency, 'not a currency of ISO 4217')),
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
      message: 'not goods_total + delivery_cost + custom_fee',
      // also beside other faults, as long as there is something to add up: all faults are told at once
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

/** 128 KB hold fewer that are right. Of the smallest wrong ones they hold 40,000, with more faults than can be told. */
const MAX_ITEMS = 1000;

/** An order as somebody else's shop tells it. What is not named here is kept with the rest. */
export const OrderDocument = z.looseObject({
  order_uid: OrderUid,
  track_number: nonEmptyText,
  entry: nonEmptyText,
  delivery: Delivery,
  payment: Payment,
  items: z.array(Item).check(z.minLength(1, 'at least one item'), z.maxLength(MAX_ITEMS, `at most ${MAX_ITEMS} items`)),
  locale: nonEmptyText,
  internal_signature: z.string(),
  customer_id: nonEmptyText,
  delivery_service: nonEmptyText,
  shardkey: nonEmptyText,
  sm_id: wholeNumber,
  date_created: z.string().check(z.refine((date) => toSortableInstant(date) !== undefined, 'not a date of RFC 3339')),
  oof_shard: nonEmptyText,
});
export type OrderDocument = z.infer<typeof OrderDocument>;
