import { describe, expect, test } from 'vitest';
import { checkLimits } from '../../../../lambdas/shared/store/limits.ts';
import { absent, type Row, versionIs, type Write } from '../../../../lambdas/shared/store/store.ts';

const put = (sk: string, more: object = {}): Write => ({ op: 'put', row: { pk: 'P', sk, ...more } as Row });
const rows = (count: number, more: object = {}) => Array.from({ length: count }, (_, at) => put(`ROW#${at}`, more));
const nested = (levels: number): unknown => (levels === 0 ? 'end' : { in: nested(levels - 1) });
const kilobytes = (count: number) => 'x'.repeat(count * 1024);

describe('a transaction is refused before any store sees it', () => {
  test('with more than 100 items', () => {
    expect(() => checkLimits(rows(100))).not.toThrow();
    expect(() => checkLimits(rows(101))).toThrow('101 items; the maximum is 100');
  });

  test('when one key is written twice, in whatever way', () => {
    const key = { pk: 'P', sk: 'A' };
    for (const again of [
      put('A'),
      { op: 'update', key, set: { a: 1 }, when: absent },
      { op: 'delete', key, when: versionIs(1) },
    ] as Write[])
      expect(() => checkLimits([put('A'), again])).toThrow('written twice');
  });

  test('but not when two keys merely run together alike', () => {
    const twins: Write[] = [
      { op: 'put', row: { pk: 'A"', sk: ',"B' } },
      { op: 'put', row: { pk: 'A', sk: '","B' } },
      { op: 'put', row: { pk: 'AB', sk: 'C' } },
      { op: 'put', row: { pk: 'A', sk: 'BC' } },
    ];
    expect(() => checkLimits(twins)).not.toThrow();
  });

  test('with a key that is longer than a table takes', () => {
    const keyed = (pk: string, sk: string): Write[] => [{ op: 'put', row: { pk, sk } }];
    expect(() => checkLimits(keyed('x'.repeat(2048), 'y'.repeat(1024)))).not.toThrow();
    expect(() => checkLimits(keyed('x'.repeat(2049), 'y'))).toThrow('the pk of');
    expect(() => checkLimits(keyed('x', 'ÿ'.repeat(513)))).toThrow('longer than 1024 bytes');
  });

  test('with more than 4 MB in all', () => {
    expect(() => checkLimits(rows(10, { ballast: kilobytes(390) }))).not.toThrow();
    expect(() => checkLimits(rows(11, { ballast: kilobytes(390) }))).toThrow(`the maximum is ${4 * 1024 * 1024}`);
  });

  test('with an item over 400 KB, counted in bytes rather than letters', () => {
    expect(() => checkLimits([put('A', { ballast: kilobytes(399) })])).not.toThrow();
    expect(() => checkLimits([put('A', { ballast: kilobytes(400) })])).toThrow('the maximum is 409600');
    expect(() => checkLimits([put('A', { ballast: '漢'.repeat(140 * 1024) })])).toThrow('the maximum is 409600');
  });

  test('with an update that would bring more than 400 KB', () => {
    const update: Write = { op: 'update', key: { pk: 'P', sk: 'A' }, set: { big: kilobytes(400) }, when: versionIs(1) };
    expect(() => checkLimits([update])).toThrow('the maximum is 409600');
  });

  test('with an outbox record over 200 KB, which no bus entry and no message could carry', () => {
    expect(() => checkLimits([put('OUTBOX#x', { events: kilobytes(199) })])).not.toThrow();
    expect(() => checkLimits([put('OUTBOX#x', { events: kilobytes(200) })])).toThrow('the outbox record');
    expect(() => checkLimits([put('STATE', { events: kilobytes(200) })])).not.toThrow();
  });

  test('but not for the escapes that a text of JSON would need once more: it is stored as it is', () => {
    const events = JSON.stringify(['"'.repeat(90 * 1024)]);
    expect(() => checkLimits([put('OUTBOX#x', { events })])).not.toThrow();
  });

  test('nested deeper than 32 levels, maps and lists alike', () => {
    expect(() => checkLimits([put('A', { attribute: nested(32) })])).not.toThrow();
    expect(() => checkLimits([put('A', { attribute: nested(33) })])).toThrow('nested deeper than 32');
    expect(() => checkLimits([put('A', { attribute: [nested(32)] })])).toThrow('nested deeper than 32');
  });

  test('and says which row is at fault', () => {
    expect(() => checkLimits([put('fine'), put('faulty', { ballast: kilobytes(401) })])).toThrow('["P","faulty"]');
  });
});
