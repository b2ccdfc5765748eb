import { createHash } from 'node:crypto';

export interface GeneratedDocument {
  readonly order_uid: string;
  readonly text: string;
  /** What makes the document invalid; absent if it is valid. */
  readonly defect?: string;
}

type Random = ReturnType<typeof createRandom>;

const PEOPLE = [
  ['Ada Wright', 'ada.wright', '+4930', 'Berlin', 'de'],
  ['Zoë Łukasiewicz', 'zoe', '+4822', 'Kraków', 'pl'],
  ['李小龙', 'li', '+86108', '北京', 'zh'],
  ['Дарья Соколова', 'darya', '+7495', 'Тверь', 'ru'],
  ['José Ñíguez', 'jose', '+3491', 'Málaga', 'es'],
  ["Siobhán O'Brien", 'siobhan', '+3531', 'Dublin', 'en'],
] as const;
const PRODUCTS = [
  'Kettle',
  'Lamp "Nova"',
  'Raincoat',
  'Köfferchen',
  'Tea set ☕',
  'Bookend \\ left',
  'Yarn 🧶',
] as const;
const BRANDS = ['Hearth & Co', 'Vela', 'Nordlicht', 'Ōkami'] as const;
const CURRENCIES = ['EUR', 'USD', 'PLN', 'JPY', 'GBP'] as const;
const YEAR_SECONDS = 365 * 24 * 3600;
const FIRST_DATE_SECONDS = Date.UTC(2025, 0, 1) / 1000;

/**
 * Generates documents that pass every check, and invalid ones by the given rate. The same seed generates the same
 * texts.
 */
export const generateDocuments = ({ count, seed, badRate = 0 }: { count: number; seed: number; badRate?: number }) =>
  Array.from({ length: count }, (_, index): GeneratedDocument => {
    const random = createRandom(`${seed}:${index}`);
    const uid = createHash('sha256').update(`uid:${seed}:${index}`).digest('hex').slice(0, 19);
    const document = createDocument(uid, random);
    const isInvalid = random.below(10_000) < badRate * 10_000;
    if (!isInvalid) return { order_uid: uid, text: toText(document, random) };
    const [defect, createText] = random.pick(defects);
    return { order_uid: uid, text: createText(document), defect };
  });

function createRandom(seed: string) {
  let draws = 0;
  /** Returns a whole number from 0 to below the bound. */
  const below = (bound: number) => createHash('sha256').update(`${seed}:${draws++}`).digest().readUInt32BE() % bound;
  return { below, pick: <T>(values: readonly T[]): T => values[below(values.length)] as T };
}

function createDocument(order_uid: string, random: Random) {
  const [name, mailbox, prefix, city, locale] = random.pick(PEOPLE);
  const track_number = `ONCE${random.below(1e9)}`;
  const orderedAtSeconds = FIRST_DATE_SECONDS + random.below(YEAR_SECONDS);
  const items = Array.from({ length: 1 + random.below(4) }, () => {
    const price = 100 + random.below(50_000);
    const sale = random.below(60);
    return {
      chrt_id: random.below(1e8),
      track_number,
      price,
      rid: `${order_uid}-${random.below(1e6)}`,
      name: random.pick(PRODUCTS),
      sale,
      size: String(random.below(50)),
      total_price: Math.floor((price * (100 - sale)) / 100),
      nm_id: random.below(1e7),
      brand: random.pick(BRANDS),
      status: 202,
    };
  });
  const goods_total = items.reduce((sum, { total_price }) => sum + total_price, 0);
  const delivery_cost = random.below(2000);
  const custom_fee = random.below(3) === 0 ? random.below(500) : 0;
  return {
    order_uid,
    track_number,
    entry: 'ONCE',
    delivery: {
      name,
      phone: `${prefix}${1_000_000 + random.below(9_000_000)}`,
      zip: String(10_000 + random.below(89_999)),
      city,
      address: `${1 + random.below(200)}, Harbour Road`,
      region: city,
      email: `${mailbox}@example.org`,
    },
    payment: {
      transaction: order_uid,
      request_id: '',
      currency: random.pick(CURRENCIES),
      provider: 'oncepay',
      amount: goods_total + delivery_cost + custom_fee,
      payment_dt: orderedAtSeconds,
      bank: 'nordbank',
      delivery_cost,
      goods_total,
      custom_fee,
    },
    items,
    locale,
    internal_signature: '',
    customer_id: mailbox,
    delivery_service: random.pick(['post', 'bicycle', 'drone']),
    shardkey: String(random.below(10)),
    sm_id: random.below(100),
    date_created: `${new Date(orderedAtSeconds * 1000).toISOString().slice(0, 19)}Z`,
    oof_shard: String(1 + random.below(2)),
  };
}
type ValidDocument = ReturnType<typeof createDocument>;

/** Adds fields to a third of the documents that no schema names: a number beyond 2^53, a decimal, a nested object. */
function toText(document: ValidDocument, random: Random): string {
  const text = JSON.stringify(document);
  if (random.below(3) > 0) return text;
  const extraFields = `"ledger_ref":9007199254740993${random.below(1000)},"rate":0.10000000000000000555,"route":{"stops":[[1,2],{"at":null}]}`;
  return `${text.slice(0, -1)},${extraFields}}`;
}

/** The name of each defect, and the function that creates an invalid text from a valid document. */
const defects: readonly (readonly [string, (document: ValidDocument) => string])[] = [
  ['broken JSON', (document) => JSON.stringify(document).slice(0, -7)],
  ['missing fields', ({ delivery: _, date_created: __, ...rest }) => JSON.stringify(rest)],
  [
    'wrong sum',
    (document) =>
      JSON.stringify({ ...document, payment: { ...document.payment, amount: document.payment.amount + 1 } }),
  ],
  [
    'wrong types',
    (document) => JSON.stringify({ ...document, sm_id: 'ninety-nine', items: {}, track_number: 7, locale: null }),
  ],
];
