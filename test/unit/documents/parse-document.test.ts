import { describe, expect, test } from 'vitest';
import { escapeForSqs, findTextError, hashOfText, parseDocument } from '../../../lambdas/documents/parse-document.ts';
import { InvalidInput } from '../../../lambdas/shared/http/problem.ts';
import { sample, textWith, uid } from '../../support/documents.ts';

/** Returns the paths of all errors of a document. */
function errorPaths(text: string): string[] {
  try {
    parseDocument(text);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return error.errors.map(({ path }) => path).sort();
  }
}
const textWithDelivery = (change: object) => textWith({ delivery: { ...sample.delivery, ...change } });
const textWithPayment = (change: object) => textWith({ payment: { ...sample.payment, ...change } });
/** 40,000 invalid items. Each has eleven errors, so all of them would be too many to return. */
const textWithManyItems = textWith({ items: [] }).replace(
  '"items":[]',
  `"items":[${Array(40_000).fill('{}').join(',')}]`,
);
/** The numbers are passed as text, because large ones would be rounded. */
const textWithAmounts = (amount: string, goods_total: string, delivery_cost: string) =>
  textWithPayment({ amount: 1, goods_total: 2, delivery_cost: 3, custom_fee: 0 })
    .replace('"amount":1', `"amount":${amount}`)
    .replace('"goods_total":2', `"goods_total":${goods_total}`)
    .replace('"delivery_cost":3', `"delivery_cost":${delivery_cost}`);
const textWithItem = (change: object) => textWith({ items: [{ ...sample.items[0], ...change }] });

describe('a document', () => {
  test('is parsed to its UID, its date, the hash of its text and the unchanged text', () => {
    const text = textWith();
    expect(parseDocument(text)).toEqual({
      order_uid: uid,
      document: text,
      instant: '2026-01-01T10:00:00.',
      hash: hashOfText(text),
    });
  });

  test.each([
    ['undeclared fields', textWith({ gift: { wrapped: true } })],
    ['a number above 2^53', textWithItem({}).replace('7301447', '90071992547409931234')],
    ['empty strings where they are allowed', textWith({ internal_signature: '' })],
    ['a free delivery', textWithPayment({ delivery_cost: 0, amount: 5300 })],
    ['amounts above 2^53 that add up', textWithAmounts('9007199254740994', '9007199254740993', '1')],
    ['whole amounts with a decimal point or an exponent', textWithAmounts('5890.0', '5.2e3', '690')],
    ['500 items', textWith({ items: Array.from({ length: 500 }, () => sample.items[0]) })],
  ])('is accepted with %s', (_, text) => expect(errorPaths(text)).toEqual([]));

  test.each([
    ['a missing UID', textWith({ order_uid: undefined }), ['order_uid']],
    ['a UID with a slash', textWith({ order_uid: '../a' }), ['order_uid']],
    ['a UID that looks like a key', textWith({ order_uid: 'a#STATE' }), ['order_uid']],
    ['an empty UID', textWith({ order_uid: '' }), ['order_uid']],
    ['a UID of 65 characters', textWith({ order_uid: 'a'.repeat(65) }), ['order_uid']],
    ['an empty list of items', textWith({ items: [] }), ['items']],
    ['items that are not a list', textWith({ items: {} }), ['items']],
    ['an item without a name', textWithItem({ name: undefined }), ['items.0.name']],
    ['an item with a negative price', textWithItem({ price: -1 }), ['items.0.price']],
    ['an item id that is not a whole number', textWithItem({ chrt_id: 0.5 }), ['items.0.chrt_id']],
    ['an invalid email address', textWithDelivery({ email: 'ada at example.org' }), ['delivery.email']],
    ['a phone number without a country code', textWithDelivery({ phone: '030901820' }), ['delivery.phone']],
    ['a phone number with letters', textWithDelivery({ phone: '+49 30 CALL' }), ['delivery.phone']],
    ['an empty city', textWithDelivery({ city: '' }), ['delivery.city']],
    ['a historic currency', textWithPayment({ currency: 'DEM' }), ['payment.currency']],
    ['a currency in lower case', textWithPayment({ currency: 'eur' }), ['payment.currency']],
    ['an amount that does not add up', textWithPayment({ amount: 5891 }), ['payment.amount']],
    [
      'an amount that is one above the sum at 2^53',
      textWithAmounts('9007199254740991', '9007199254740990', '0'),
      ['payment.amount'],
    ],
    [
      'amounts above 2^53 that do not add up',
      textWithAmounts('9007199254750000', '9007199254740993', '1'),
      ['payment.amount'],
    ],
    ['amounts whose sum is infinite', textWithAmounts('1e308', '1e308', '1e308'), ['payment.amount']],
    ['an amount as text', textWithPayment({ amount: '5890' }), ['payment.amount']],
    ['a negative fee', textWithPayment({ custom_fee: -100, amount: 5690 }), ['payment.custom_fee']],
    ['an infinite amount', textWithPayment({}).replace('5890', '1e400'), ['payment.amount']],
    ['a date that does not exist', textWith({ date_created: '2026-02-30T00:00:00Z' }), ['date_created']],
    ['a delivery that is null', textWith({ delivery: null }), ['delivery']],
    ['a missing payment', textWith({ payment: undefined }), ['payment']],
    ['a list instead of an object', '[]', ['body']],
    ['null instead of an object', 'null', ['body']],
    ['broken JSON', textWith().slice(0, -5), ['body']],
    ['an invalid escape sequence', textWith().replace('Ada', 'A\\\ufffe'), ['body']],
    ['more than 1000 items', textWithManyItems, ['items']],
    ['a lone surrogate', textWith().replace('Ada', 'Ada\ud800'), ['document']],
    ['a field named __proto__', textWith().replace('"entry"', '"__proto__":{},"entry"'), ['body']],
    ['more than 20 levels of nesting', textWith({ deep: JSON.parse('['.repeat(20) + ']'.repeat(20)) }), ['body']],
  ])('is rejected with %s', (_, text, paths) => expect(errorPaths(text)).toEqual(paths));

  test('is rejected with all of its errors at once', () => {
    const text = textWith({
      order_uid: 7,
      delivery: { ...sample.delivery, email: 'x', phone: 'y' },
      payment: { ...sample.payment, amount: 1, currency: 'XYZ' },
      items: [{ ...sample.items[0], price: -1 }, 'x'],
      date_created: 'today',
    });
    expect(errorPaths(text)).toEqual([
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
  const textOfSize = (filling: string, bytes: number) => {
    const empty = textWith({ filling: '' });
    return empty.replace('"filling":""', `"filling":"${filling.repeat((bytes - empty.length) / filling.length)}"`);
  };

  test('is at most 128 KB', () => {
    expect(errorPaths(textOfSize('x', 128 * 1024))).toEqual([]);
    expect(findTextError(textOfSize('x', 128 * 1024 + 1))).toBe('larger than 131072 bytes');
    expect(errorPaths(textOfSize('x', 128 * 1024 + 1))).toEqual(['document']);
  });

  test('includes the escapes of its quotes and backslashes inside an event', () => {
    // 100 KB of escaped quotes become 200 KB as a JSON string, which is too much for an outbox record.
    expect(findTextError(textOfSize('\\"', 100 * 1024))).toMatch(
      /^too large with its quotes escaped: \d+ bytes, and the limit is 200704 bytes$/,
    );
    expect(errorPaths(textOfSize('\\"', 60 * 1024))).toEqual([]);
  });
});

test('the limit of the items accepts as many valid items as 128 KB can hold', () => {
  const [smallestItem = {}] = sample.items.map((item) =>
    Object.fromEntries(Object.entries(item).map(([name, value]) => [name, typeof value === 'string' ? 's' : 0])),
  );
  const emptyBytes = textWith({ items: [] }).length;
  const maxItems = Math.floor((128 * 1024 - emptyBytes) / (JSON.stringify(smallestItem).length + 1));
  expect(errorPaths(textWith({ items: Array(maxItems).fill(smallestItem) }))).toEqual([]);
});

test('escapeForSqs escapes the two characters that SQS refuses, and keeps the meaning', () => {
  const text = JSON.stringify({ odd: 'a\ufffeb\uffff', even: '\ufffd😀' });
  expect(escapeForSqs(text)).toBe('{"odd":"a\\ufffeb\\uffff","even":"\ufffd😀"}');
  expect(JSON.parse(escapeForSqs(text))).toEqual(JSON.parse(text));
});
