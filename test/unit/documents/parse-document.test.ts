import { describe, expect, test } from 'vitest';
import { escapeForSqs, hashOfText, parseDocument, textErrorOf } from '../../../lambdas/documents/parse-document.ts';
import { InvalidInput } from '../../../lambdas/shared/http/problem.ts';
import { sample, textWith, uid } from '../../support/documents.ts';

function faultsOf(text: string): string[] {
  try {
    parseDocument(text);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return error.errors.map(({ path }) => path).sort();
  }
}
const delivery = (change: object) => textWith({ delivery: { ...sample.delivery, ...change } });
const payment = (change: object) => textWith({ payment: { ...sample.payment, ...change } });
/** Each is wrong in eleven ways: in all, more faults than anybody can be told. */
const manyItems = textWith({ items: [] }).replace('"items":[]', `"items":[${Array(40_000).fill('{}').join(',')}]`);
const sum = (amount: string, goods_total: string, delivery_cost: string) =>
  payment({ amount: 1, goods_total: 2, delivery_cost: 3, custom_fee: 0 })
    .replace('"amount":1', `"amount":${amount}`)
    .replace('"goods_total":2', `"goods_total":${goods_total}`)
    .replace('"delivery_cost":3', `"delivery_cost":${delivery_cost}`);
const item = (change: object) => textWith({ items: [{ ...sample.items[0], ...change }] });

describe('a document', () => {
  test('is sealed with its UID, its date and the hash of its text, which stays as it is', () => {
    const text = textWith();
    expect(parseDocument(text)).toEqual({
      order_uid: uid,
      document: text,
      instant: '2026-01-01T10:00:00.',
      hash: hashOfText(text),
    });
  });

  test.each([
    ['fields that nobody has asked for', textWith({ gift: { wrapped: true } })],
    ['a number beyond 2^53', item({}).replace('7301447', '90071992547409931234')],
    ['the strings empty that may be', textWith({ internal_signature: '' })],
    ['a free delivery', payment({ delivery_cost: 0, amount: 5300 })],
    ['amounts beyond 2^53 that add up', sum('9007199254740994', '9007199254740993', '1')],
    ['amounts that say nothing behind the point', sum('5890.0', '5.2e3', '690')],
    ['500 items', textWith({ items: Array.from({ length: 500 }, () => sample.items[0]) })],
  ])('may have %s', (_, text) => expect(faultsOf(text)).toEqual([]));

  test.each([
    ['no UID', textWith({ order_uid: undefined }), ['order_uid']],
    ['a UID with a slash', textWith({ order_uid: '../a' }), ['order_uid']],
    ['a UID that looks like a key', textWith({ order_uid: 'a#STATE' }), ['order_uid']],
    ['an empty UID', textWith({ order_uid: '' }), ['order_uid']],
    ['a UID of 65 letters', textWith({ order_uid: 'a'.repeat(65) }), ['order_uid']],
    ['no items', textWith({ items: [] }), ['items']],
    ['items that are no list', textWith({ items: {} }), ['items']],
    ['an item without a name', item({ name: undefined }), ['items.0.name']],
    ['an item at a negative price', item({ price: -1 }), ['items.0.price']],
    ['half an item', item({ chrt_id: 0.5 }), ['items.0.chrt_id']],
    ['an odd e-mail', delivery({ email: 'ada at example.org' }), ['delivery.email']],
    ['a phone without its country', delivery({ phone: '030901820' }), ['delivery.phone']],
    ['a phone with letters', delivery({ phone: '+49 30 CALL' }), ['delivery.phone']],
    ['an empty city', delivery({ city: '' }), ['delivery.city']],
    ['a currency of the past', payment({ currency: 'DEM' }), ['payment.currency']],
    ['a currency in small letters', payment({ currency: 'eur' }), ['payment.currency']],
    ['an amount that does not add up', payment({ amount: 5891 }), ['payment.amount']],
    [
      'an amount that is one more than the sum at 2^53',
      sum('9007199254740991', '9007199254740990', '0'),
      ['payment.amount'],
    ],
    ['amounts beyond 2^53 that do not add up', sum('9007199254750000', '9007199254740993', '1'), ['payment.amount']],
    ['amounts whose sum is beyond all numbers', sum('1e308', '1e308', '1e308'), ['payment.amount']],
    ['an amount as text', payment({ amount: '5890' }), ['payment.amount']],
    ['a negative fee', payment({ custom_fee: -100, amount: 5690 }), ['payment.custom_fee']],
    ['an amount beyond all numbers', payment({}).replace('5890', '1e400'), ['payment.amount']],
    ['a date that was never', textWith({ date_created: '2026-02-30T00:00:00Z' }), ['date_created']],
    ['no delivery at all', textWith({ delivery: null }), ['delivery']],
    ['no payment at all', textWith({ payment: undefined }), ['payment']],
    ['a list in its place', '[]', ['body']],
    ['nothing in its place', 'null', ['body']],
    ['broken JSON', textWith().slice(0, -5), ['body']],
    ['a backslash before a letter that is no escape', textWith().replace('Ada', 'A\\\ufffe'), ['body']],
    ['more items than 128 KB can hold', manyItems, ['items']],
    ['half of a letter', textWith().replace('Ada', 'Ada\ud800'), ['document']],
    ['a __proto__', textWith().replace('"entry"', '"__proto__":{},"entry"'), ['body']],
    ['nesting over 20 levels', textWith({ deep: JSON.parse('['.repeat(20) + ']'.repeat(20)) }), ['body']],
  ])('may not have %s', (_, text, paths) => expect(faultsOf(text)).toEqual(paths));

  test('tells all of its faults at once, wherever they are', () => {
    const text = textWith({
      order_uid: 7,
      delivery: { ...sample.delivery, email: 'x', phone: 'y' },
      payment: { ...sample.payment, amount: 1, currency: 'XYZ' },
      items: [{ ...sample.items[0], price: -1 }, 'x'],
      date_created: 'today',
    });
    expect(faultsOf(text)).toEqual([
      'date_created',
      'delivery.email',
      'delivery.phone',
      'items.0.price',
      'items.1',
      'order_uid',
      'payment.amount',
      'payment.currency',
    ]);
  });
});

describe('the size of a document', () => {
  const filled = (letter: string, bytes: number) => {
    const rest = textWith({ filling: '' });
    return rest.replace('"filling":""', `"filling":"${letter.repeat((bytes - rest.length) / letter.length)}"`);
  };

  test('is at most 128 KB', () => {
    expect(faultsOf(filled('x', 128 * 1024))).toEqual([]);
    expect(textErrorOf(filled('x', 128 * 1024 + 1))).toBe('larger than 131072 bytes');
    expect(faultsOf(filled('x', 128 * 1024 + 1))).toEqual(['document']);
  });

  test('counts what its quotes and backslashes take inside an event', () => {
    // 100 KB of escaped quotes are 200 KB inside JSON, which no outbox record takes
    expect(textErrorOf(filled('\\"', 100 * 1024))).toMatch(/^of \d+ bytes once its quotes are escaped, and 200704 is/);
    expect(faultsOf(filled('\\"', 60 * 1024))).toEqual([]);
  });
});

test('as many of the smallest items as 128 KB can hold are not too many', () => {
  const [least = {}] = sample.items.map((one) =>
    Object.fromEntries(Object.entries(one).map(([name, value]) => [name, typeof value === 'string' ? 's' : 0])),
  );
  const empty = textWith({ items: [] }).length;
  const most = Math.floor((128 * 1024 - empty) / (JSON.stringify(least).length + 1));
  expect(faultsOf(textWith({ items: Array(most).fill(least) }))).toEqual([]);
});

test('the two letters that a queue refuses are escaped, which means the same', () => {
  const text = JSON.stringify({ odd: 'a\ufffeb\uffff', even: '\ufffd😀' });
  expect(escapeForSqs(text)).toBe('{"odd":"a\\ufffeb\\uffff","even":"\ufffd😀"}');
  expect(JSON.parse(escapeForSqs(text))).toEqual(JSON.parse(text));
});
