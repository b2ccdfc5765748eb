import { describe, expect, test } from 'vitest';
import { checkLimits } from '../../../../lambdas/shared/store/limits.ts';
import { absent, type Row, versionIs, type Write } from '../../../../lambdas/shared/store/store.ts';

const put = (sk: string, attributes: object = {}): Write => ({ op: 'put', row: { pk: 'P', sk, ...attributes } as Row });
const rows = (count: number, attributes: object = {}) =>
  Array.from({ length: count }, (_, index) => put(`ROW#${index}`, attributes));
const nested = (levels: number): unknown => (levels === 0 ? 'leaf' : { child: nested(levels - 1) });
const kilobytes = (count: number) => 'x'.repeat(count * 1024);

describe('checkLimits', () => {
  test('rejects more than 100 writes', () => {
    expect(() => checkLimits(rows(100))).not.toThrow();
    expect(() => checkLimits(rows(101))).toThrow('101 items; the maximum is 100');
  });

  test('rejects two writes to one key', () => {
    const key = { pk: 'P', sk: 'A' };
    for (const second of [
      put('A'),
      { op: 'update', key, set: { a: 1 }, when: absent },
      { op: 'delete', key, when: versionIs(1) },
    ] as Write[])
      expect(() => checkLimits([put('A'), second])).toThrow('written twice');
  });

  test('accepts two keys with the same concatenation', () => {
    const writes: Write[] = [
      { op: 'put', row: { pk: 'A"', sk: ',"B' } },
      { op: 'put', row: { pk: 'A', sk: '","B' } },
      { op: 'put', row: { pk: 'AB', sk: 'C' } },
      { op: 'put', row: { pk: 'A', sk: 'BC' } },
    ];
    expect(() => checkLimits(writes)).not.toThrow();
  });

  test('rejects a key that is longer than DynamoDB allows', () => {
    const putWithKey = (pk: string, sk: string): Write[] => [{ op: 'put', row: { pk, sk } }];
    expect(() => checkLimits(putWithKey('x'.repeat(2048), 'y'.repeat(1024)))).not.toThrow();
    expect(() => checkLimits(putWithKey('x'.repeat(2049), 'y'))).toThrow('the pk of');
    expect(() => checkLimits(putWithKey('x', 'ÿ'.repeat(513)))).toThrow('longer than 1024 bytes');
  });

  test('rejects more than 4 MB in total', () => {
    expect(() => checkLimits(rows(10, { filler: kilobytes(390) }))).not.toThrow();
    expect(() => checkLimits(rows(11, { filler: kilobytes(390) }))).toThrow(`the maximum is ${4 * 1024 * 1024}`);
  });

  test('rejects a row over 400 KB, counted in bytes', () => {
    expect(() => checkLimits([put('A', { filler: kilobytes(399) })])).not.toThrow();
    expect(() => checkLimits([put('A', { filler: kilobytes(400) })])).toThrow('the maximum is 409600');
    expect(() => checkLimits([put('A', { filler: '漢'.repeat(140 * 1024) })])).toThrow('the maximum is 409600');
  });

  test('rejects an update with more than 400 KB', () => {
    const update: Write = { op: 'update', key: { pk: 'P', sk: 'A' }, set: { big: kilobytes(400) }, when: versionIs(1) };
    expect(() => checkLimits([update])).toThrow('the maximum is 409600');
  });

  test('rejects an outbox record over 200 KB, so that its events fit into a bus entry and a message', () => {
    expect(() => checkLimits([put('OUTBOX#x', { events: kilobytes(199) })])).not.toThrow();
    expect(() => checkLimits([put('OUTBOX#x', { events: kilobytes(200) })])).toThrow('the outbox record');
    expect(() => checkLimits([put('STATE', { events: kilobytes(200) })])).not.toThrow();
  });

  test('does not count the escapes of a JSON text, because it is stored as a string', () => {
    const events = JSON.stringify(['"'.repeat(90 * 1024)]);
    expect(() => checkLimits([put('OUTBOX#x', { events })])).not.toThrow();
  });

  test('rejects nesting over 32 levels in maps and lists', () => {
    expect(() => checkLimits([put('A', { attribute: nested(32) })])).not.toThrow();
    expect(() => checkLimits([put('A', { attribute: nested(33) })])).toThrow('nested deeper than 32');
    expect(() => checkLimits([put('A', { attribute: [nested(32)] })])).toThrow('nested deeper than 32');
  });

  test('names the row that is too large', () => {
    expect(() => checkLimits([put('small'), put('large', { filler: kilobytes(401) })])).toThrow('["P","large"]');
  });
});
