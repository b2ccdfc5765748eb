import * as z from 'zod/mini';
import { isCurrency } from './currencies.ts';
import { OrderUid } from './order-uid.ts';

const said = z.string().check(z.minLength(1));
/** Also beyond 2^53: a document is kept as its text, so no number of it is ever rounded. */
const whole = z.number().check(z.refine(Number.isInteger, 'not a whole number'));
const natural = whole.check(z.gte(0));

const RFC_3339 = /^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/i;

/** A key of the cache's index ends at 1024 bytes, and nobody orders twice within the last of these parts of a second. */
const MAX_DIGITS = 30;

/** The seconds of a date, in UTC and as they sort, and what it says of smaller parts; nothing where it is no date. */
export function instantOf(date: string): string | undefined {
  if (!RFC_3339.test(date)) return undefined;
  const [, parts = ''] = /\.(\d+)/.exec(date) ?? [];
  const seconds = date.toUpperCase().replace(/\.\d+/, '');
  // Date takes 30 February for 2 March
  const day = seconds.slice(0, 10);
  const midnight = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(day)) return undefined;
  const utc = utcOf(seconds);
  // before year 0 or after 9999 by its offset only: such years sort otherwise
  if (utc?.length !== 24) return undefined;
  return `${utc.slice(0, 19)}.${parts.slice(0, MAX_DIGITS).replace(/0+$/, '')}`;
}

/** Date knows no leap second: it is told as the one before, behind which it sorts. There are some at the ends of halves only. */
function utcOf(seconds: string): string | undefined {
  const utc = new Date(seconds.replace(':60', ':59')).toISOString();
  if (!seconds.includes(':60')) return utc;
  return /-(06-30|12-31)T23:59:59/.test(utc) ? utc.replace(':59.', ':60.') : undefined;
}

const Delivery = z.looseObject({
  name: said,
  phone: z.string().check(z.regex(/^\+[1-9]\d{6,14}$/, 'not an international phone number: + and 7 to 15 digits')),
  zip: said,
  city: said,
  address: said,
  region: said,
  email: z.email(),
});

/** Numbers beyond 2^53 were rounded when they were read, so there a right sum may be another by a little. */
const roundingOf = (amount: number): number => (amount > Number.MAX_SAFE_INTEGER ? 2 * Number.EPSILON * amount : 0);

const sums = ['amount', 'goods_total', 'delivery_cost', 'custom_fee'] as const;

interface Paid {
  readonly amount: number;
  readonly goods_total: number;
  readonly delivery_cost: number;
  readonly custom_fee: number;
}
const isSum = ({ amount, goods_total, delivery_cost, custom_fee }: Paid): boolean =>
  Math.abs(amount - (goods_total + delivery_cost + custom_fee)) <= roundingOf(amount);

const Payment = z
  .looseObject({
    transaction: said,
    request_id: z.string(),
    currency: z.string().check(z.refine(isCurrency, 'not a currency of ISO 4217')),
    provider: said,
    amount: natural,
    payment_dt: natural,
    bank: said,
    delivery_cost: natural,
    goods_total: natural,
    custom_fee: natural,
  })
  .check(
    z.refine(isSum, {
      path: ['amount'],
      message: 'not goods_total + delivery_cost + custom_fee',
      // also beside other faults, as long as there is something to add up: all faults are told at once
      when: ({ value }) => sums.every((name) => Number.isFinite((value as Record<string, unknown> | null)?.[name])),
    }),
  );

const Item = z.looseObject({
  chrt_id: whole,
  track_number: said,
  price: natural,
  rid: said,
  name: said,
  sale: natural,
  size: said,
  total_price: natural,
  nm_id: whole,
  brand: said,
  status: whole,
});

/** 128 KB hold fewer that are right. Of the smallest wrong ones they hold 40,000, with more faults than can be told. */
const MAX_ITEMS = 1000;

/** An order as somebody else's shop tells it. What is not named here is kept with the rest. */
export const OrderDocument = z.looseObject({
  order_uid: OrderUid,
  track_number: said,
  entry: said,
  delivery: Delivery,
  payment: Payment,
  items: z.array(Item).check(z.minLength(1, 'at least one item'), z.maxLength(MAX_ITEMS, `at most ${MAX_ITEMS} items`)),
  locale: said,
  internal_signature: z.string(),
  customer_id: said,
  delivery_service: said,
  shardkey: said,
  sm_id: whole,
  date_created: z.string().check(z.refine((date) => instantOf(date) !== undefined, 'not a date of RFC 3339')),
  oof_shard: said,
});
export type OrderDocument = z.infer<typeof OrderDocument>;
