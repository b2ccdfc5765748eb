import { createHash } from 'node:crypto';

/** A document that nobody ordered, as the text that is sent. */
export interface GeneratedDocument {
  readonly order_uid: string;
  readonly text: string;
  /** What was made wrong on purpose; absent where it is right. */
  readonly defect?: string;
}

interface GeneratorOptions {
  readonly count: number;
  /** The same seed gives the same documents, to the letter. */
  readonly seed: number;
  /** The share of them that is wrong. */
  readonly badRate?: number;
}

/** Draws from a list or a range. */
interface Random {
  below(bound: number): number;
  one<T>(of: readonly T[]): T;
}

const PEOPLE = [
  ['Ada Wright', 'ada.wright', '+4930', 'Berlin', 'de'],
  ['Zoë Łukasiewicz', 'zoe', '+4822', 'Kraków', 'pl'],
  ['李小龙', 'li', '+86108', '北京', 'zh'],
  ['Дарья Соколова', 'darya', '+7495', 'Тверь', 'ru'],
  ['José Ñíguez', 'jose', '+3491', 'Málaga', 'es'],
  ["Siobhán O'Brien", 'siobhan', '+3531', 'Dublin', 'en'],
] as const;
const THINGS = ['Kettle', 'Lamp "Nova"', 'Raincoat', 'Köfferchen', 'Tea set ☕', 'Bookend \\ left', 'Yarn 🧶'] as const;
const BRANDS = ['Hearth & Co', 'Vela', 'Nordlicht', 'Ōkami'] as const;
const CURRENCIES = ['EUR', 'USD', 'PLN', 'JPY', 'GBP'] as const;
const YEAR_S = 365 * 24 * 3600;
const LAST_YEAR_S = Date.UTC(2025, 0, 1) / 1000;

/** So many documents that pass every check, and by rate some that do not. */
export const generateDocuments = ({ count, seed, badRate = 0 }: GeneratorOptions): GeneratedDocument[] =>
  Array.from({ length: count }, (_, at) => {
    const dice = createRandom(`${seed}:${at}`);
    const uid = createHash('sha256').update(`uid:${seed}:${at}`).digest('hex').slice(0, 19);
    const document = createDocument(uid, dice);
    const isWrong = dice.below(10_000) < badRate * 10_000;
    if (!isWrong) return { order_uid: uid, text: textOf(document, dice) };
    const [defect, spoil] = dice.one(defects);
    return { order_uid: uid, text: spoil(document), defect };
  });

function createRandom(seed: string): Random {
  let thrown = 0;
  const below = (bound: number) => createHash('sha256').update(`${seed}:${thrown++}`).digest().readUInt32BE() % bound;
  return { below, one: (of) => of[below(of.length)] as (typeof of)[number] };
}

function createDocument(order_uid: string, dice: Random) {
  const [name, mailbox, prefix, city, locale] = dice.one(PEOPLE);
  const track_number = `ONCE${dice.below(1e9)}`;
  const ordered = LAST_YEAR_S + dice.below(YEAR_S);
  const items = Array.from({ length: 1 + dice.below(4) }, () => {
    const price = 100 + dice.below(50_000);
    const sale = dice.below(60);
    return {
      chrt_id: dice.below(1e8),
      track_number,
      price,
      rid: `${order_uid}-${dice.below(1e6)}`,
      name: dice.one(THINGS),
      sale,
      size: String(dice.below(50)),
      total_price: Math.floor((price * (100 - sale)) / 100),
      nm_id: dice.below(1e7),
      brand: dice.one(BRANDS),
      status: 202,
    };
  });
  const goods_total = items.reduce((sum, { total_price }) => sum + total_price, 0);
  const delivery_cost = dice.below(2000);
  const custom_fee = dice.below(3) === 0 ? dice.below(500) : 0;
  return {
    order_uid,
    track_number,
    entry: 'ONCE',
    delivery: {
      name,
      phone: `${prefix}${1_000_000 + dice.below(9_000_000)}`,
      zip: String(10_000 + dice.below(89_999)),
      city,
      address: `${1 + dice.below(200)}, Harbour Road`,
      region: city,
      email: `${mailbox}@example.org`,
    },
    payment: {
      transaction: order_uid,
      request_id: '',
      currency: dice.one(CURRENCIES),
      provider: 'oncepay',
      amount: goods_total + delivery_cost + custom_fee,
      payment_dt: ordered,
      bank: 'nordbank',
      delivery_cost,
      goods_total,
      custom_fee,
    },
    items,
    locale,
    internal_signature: '',
    customer_id: mailbox,
    delivery_service: dice.one(['post', 'bicycle', 'drone']),
    shardkey: String(dice.below(10)),
    sm_id: dice.below(100),
    date_created: `${new Date(ordered * 1000).toISOString().slice(0, 19)}Z`,
    oof_shard: String(1 + dice.below(2)),
  };
}
type ValidDocument = ReturnType<typeof createDocument>;

/** A third of them say more than anybody has asked for: a number beyond 2^53, a decimal, something nested. */
function textOf(document: ValidDocument, dice: Random): string {
  const text = JSON.stringify(document);
  if (dice.below(3) > 0) return text;
  const more = `"ledger_ref":9007199254740993${dice.below(1000)},"rate":0.10000000000000000555,"route":{"stops":[[1,2],{"at":null}]}`;
  return `${text.slice(0, -1)},${more}}`;
}

/** Ways to be wrong, each with the name that it goes by. */
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
