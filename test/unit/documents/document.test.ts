import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toSortableInstant } from '../../../events/documents/order-document.ts';
import { applyToCache, type Cached, type DocumentVersion, wins } from '../../../lambdas/documents/document.ts';

const version = fc.record({
  instant: fc.constantFrom('2026-01-01T00:00:00.', '2026-01-01T00:00:00.5', '2026-01-01T00:00:01.'),
  hash: fc.constantFrom('a', 'b', 'c'),
});
const same = (one: DocumentVersion, other: DocumentVersion) => one.instant === other.instant && one.hash === other.hash;

describe('the winner of two texts of one document', () => {
  test('is the newer one, then the one with the greater hash', () => {
    const at = (instant: string, hash: string) => ({ instant, hash });
    expect(wins(at('2026-01-01T00:00:01.', 'a'), at('2026-01-01T00:00:00.9', 'b'))).toBe(true);
    expect(wins(at('2026-01-01T00:00:00.', 'b'), at('2026-01-01T00:00:00.', 'a'))).toBe(true);
    expect(wins(at('2026-01-01T00:00:00.', 'a'), at('2026-01-01T00:00:00.', 'a'))).toBe(false);
  });

  test('is the same in whichever order any number of them come', () => {
    fc.assert(
      fc.property(fc.array(version, { minLength: 1 }), (versions) => {
        const last = (all: DocumentVersion[]) => all.reduce((kept, one) => (wins(one, kept) ? one : kept));
        expect(same(last(versions), last(versions.toReversed()))).toBe(true);
      }),
    );
  });
});

describe('the date of a document', () => {
  test.each([
    ['2026-01-01T12:00:00Z', '2026-01-01T12:00:00.'],
    ['2026-01-01t12:00:00z', '2026-01-01T12:00:00.'],
    ['2026-01-01T12:00:00+02:00', '2026-01-01T10:00:00.'],
    ['2026-01-01T00:30:00+01:00', '2025-12-31T23:30:00.'],
    ['2026-01-01T12:00:00.120Z', '2026-01-01T12:00:00.12'],
    ['2026-01-01T12:00:00.000Z', '2026-01-01T12:00:00.'],
    ['2026-01-01T12:00:00.123456789Z', '2026-01-01T12:00:00.123456789'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.'],
    ['2026-02-29T00:00:00Z', undefined],
    ['2026-02-30T12:00:00+05:00', undefined],
    ['2026-13-01T00:00:00Z', undefined],
    ['2026-01-01T24:00:00Z', undefined],
    ['2026-01-01T12:00:60Z', undefined],
    ['2016-12-31T23:59:60Z', '2016-12-31T23:59:60.'],
    ['2017-01-01T00:59:60.5+01:00', '2016-12-31T23:59:60.5'],
    ['2016-12-31T23:59:60+01:00', undefined],
    ['2016-12-30T23:59:60Z', undefined],
    ['2016-12-31T23:60:60Z', undefined],
    ['2026-01-01T12:00:00', undefined],
    ['2026-01-01', undefined],
    ['0000-01-01T00:00:00+01:00', undefined],
    ['9999-12-31T23:59:59-01:00', undefined],
    ['', undefined],
  ])('%s', (date, instant) => expect(toSortableInstant(date)).toBe(instant));

  test.each([
    ['12', `2026-01-01T12:00:00.${'12'.repeat(15)}`],
    ['0', '2026-01-01T12:00:00.'],
  ])('is short and soon read, though it says 120,000 digits of a second (%s…)', (digits, instant) => {
    const started = performance.now();
    expect(toSortableInstant(`2026-01-01T12:00:00.${digits.repeat(120_000 / digits.length)}1Z`)).toBe(instant);
    expect(performance.now() - started).toBeLessThan(500);
  });

  test('sorts as time passes, whatever its offset and its parts of a second', () => {
    const moment = fc.tuple(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: -12 * 60, max: 14 * 60 }));
    const said = ([ms, offset]: [number, number]) => {
      const [sign, minutes] = [offset < 0 ? '-' : '+', Math.abs(offset)];
      const two = (value: number) => String(value).padStart(2, '0');
      const local = new Date(ms + offset * 60_000).toISOString().replace('Z', '');
      return `${local}${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
    };
    fc.assert(
      fc.property(moment, moment, (one, other) => {
        const [first, second] = [String(toSortableInstant(said(one))), String(toSortableInstant(said(other)))];
        expect(Math.sign(one[0] - other[0])).toBe(first < second ? -1 : first > second ? 1 : 0);
      }),
    );
  });
});

describe('the cache, told something by the store,', () => {
  const now = 1_000_000;
  const found = (hash: string, until = now + 1000): Cached => ({
    found: true,
    order_uid: 'u',
    document: hash,
    instant: '2026-01-01T00:00:00.',
    hash,
    until,
  });
  const none = (until = now + 1000): Cached => ({ found: false, until });

  test.each<[string, Cached | undefined, Cached, 'takes it' | 'ignores it']>([
    ['that has nothing', undefined, found('a'), 'takes it'],
    ['that has nothing hears that there is none', undefined, none(), 'takes it'],
    ['by a word that is too old already', undefined, found('a', now), 'ignores it'],
    ['that has an older text', found('a'), found('b'), 'takes it'],
    ['that has a newer text', found('b'), found('a'), 'ignores it'],
    ['that has a newer text, though expired', found('b', now - 1), found('a'), 'ignores it'],
    ['that has the same text for a shorter time', found('a'), found('a', now + 2000), 'takes it'],
    ['that has the same text for longer', found('a', now + 2000), found('a'), 'ignores it'],
    ['that thought there was none', none(), found('a'), 'takes it'],
    ['that has it hears that there is none', found('a'), none(now + 9000), 'ignores it'],
    ['that had it hears that there is none', found('a', now - 1), none(), 'ignores it'],
    ['that knows of none for longer', none(now + 2000), none(), 'ignores it'],
    ['that knows of none for a shorter time', none(), none(now + 2000), 'takes it'],
  ])('%s: %s', (_, before, heard, does) => {
    expect(applyToCache(before, heard, now)).toEqual(does === 'takes it' ? heard : undefined);
  });

  test('ends with the same in any order and with any repeats', () => {
    const word = fc.constantFrom(found('a'), found('b'), found('c', now + 500), none(), none(now + 700));
    const ends = (words: Cached[]) =>
      words.reduce<Cached | undefined>((kept, one) => applyToCache(kept, one, now) ?? kept, undefined);
    fc.assert(
      fc.property(fc.array(word), (words) => {
        expect(ends([...words.toReversed(), ...words])).toEqual(ends(words));
      }),
    );
  });
});
