import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toSortableInstant } from '../../../events/documents/order-document.ts';
import {
  applyToCache,
  type CachedDocument,
  type DocumentVersion,
  isNewer,
} from '../../../lambdas/documents/document.ts';

const anyVersion = fc.record({
  instant: fc.constantFrom('2026-01-01T00:00:00.', '2026-01-01T00:00:00.5', '2026-01-01T00:00:01.'),
  hash: fc.constantFrom('a', 'b', 'c'),
});

describe('the newer of two versions of a document', () => {
  test('is the one with the later date, then the one with the greater hash', () => {
    const version = (instant: string, hash: string) => ({ instant, hash });
    expect(isNewer(version('2026-01-01T00:00:01.', 'a'), version('2026-01-01T00:00:00.9', 'b'))).toBe(true);
    expect(isNewer(version('2026-01-01T00:00:00.', 'b'), version('2026-01-01T00:00:00.', 'a'))).toBe(true);
    expect(isNewer(version('2026-01-01T00:00:00.', 'a'), version('2026-01-01T00:00:00.', 'a'))).toBe(false);
  });

  test('is the same for any number of versions in any order', () => {
    const newest = (versions: DocumentVersion[]) => versions.reduce((a, b) => (isNewer(b, a) ? b : a));
    fc.assert(
      fc.property(fc.array(anyVersion, { minLength: 1 }), (versions) => {
        expect(newest(versions)).toEqual(newest(versions.toReversed()));
      }),
    );
  });
});

describe('the sortable instant of a date', () => {
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
  ])('of %s is %s', (date, instant) => expect(toSortableInstant(date)).toBe(instant));

  test.each([
    ['12', `2026-01-01T12:00:00.${'12'.repeat(15)}`],
    ['0', '2026-01-01T12:00:00.'],
  ])('is short and quickly found for a fraction of 120,000 digits (%s…)', (digits, instant) => {
    const startedAt = performance.now();
    expect(toSortableInstant(`2026-01-01T12:00:00.${digits.repeat(120_000 / digits.length)}1Z`)).toBe(instant);
    expect(performance.now() - startedAt).toBeLessThan(500);
  });

  test('sorts by time for any offset and any fraction of a second', () => {
    const anyTime = fc.record({
      ms: fc.integer({ min: 0, max: 4e12 }),
      offsetMinutes: fc.integer({ min: -12 * 60, max: 14 * 60 }),
    });
    const toDate = ({ ms, offsetMinutes }: { ms: number; offsetMinutes: number }) => {
      const [sign, minutes] = [offsetMinutes < 0 ? '-' : '+', Math.abs(offsetMinutes)];
      const twoDigits = (value: number) => String(value).padStart(2, '0');
      const local = new Date(ms + offsetMinutes * 60_000).toISOString().replace('Z', '');
      return `${local}${sign}${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`;
    };
    fc.assert(
      fc.property(anyTime, anyTime, (a, b) => {
        const [instantA, instantB] = [String(toSortableInstant(toDate(a))), String(toSortableInstant(toDate(b)))];
        expect(Math.sign(a.ms - b.ms)).toBe(instantA < instantB ? -1 : instantA > instantB ? 1 : 0);
      }),
    );
  });
});

describe('the cache', () => {
  const now = 1_000_000;
  const found = (hash: string, until = now + 1000): CachedDocument => ({
    found: true,
    order_uid: 'u',
    document: hash,
    instant: '2026-01-01T00:00:00.',
    hash,
    until,
  });
  const notFound = (until = now + 1000): CachedDocument => ({ found: false, until });

  test.each<[string, CachedDocument | undefined, CachedDocument]>([
    ['a document, if it is empty', undefined, found('a')],
    ['"not found", if it is empty', undefined, notFound()],
    ['a newer text', found('a'), found('b')],
    ['the same text with a later expiry', found('a'), found('a', now + 2000)],
    ['a document after "not found"', notFound(), found('a')],
    ['"not found" with a later expiry', notFound(), notFound(now + 2000)],
  ])('accepts %s', (_, current, answer) => {
    expect(applyToCache(current, answer, now)).toEqual(answer);
  });

  test.each<[string, CachedDocument | undefined, CachedDocument]>([
    ['an answer that has expired', undefined, found('a', now)],
    ['an older text', found('b'), found('a')],
    ['an older text, even if the newer one has expired', found('b', now - 1), found('a')],
    ['the same text with an earlier expiry', found('a', now + 2000), found('a')],
    ['"not found" after a document', found('a'), notFound(now + 9000)],
    ['"not found" after an expired document', found('a', now - 1), notFound()],
    ['"not found" with an earlier expiry', notFound(now + 2000), notFound()],
  ])('ignores %s', (_, current, answer) => {
    expect(applyToCache(current, answer, now)).toBeUndefined();
  });

  test('ends with the same row for any order of answers and any duplicates', () => {
    const anyAnswer = fc.constantFrom(found('a'), found('b'), found('c', now + 500), notFound(), notFound(now + 700));
    const applyAll = (answers: CachedDocument[]) =>
      answers.reduce<CachedDocument | undefined>(
        (current, answer) => applyToCache(current, answer, now) ?? current,
        undefined,
      );
    fc.assert(
      fc.property(fc.array(anyAnswer), (answers) => {
        expect(applyAll([...answers.toReversed(), ...answers])).toEqual(applyAll(answers));
      }),
    );
  });
});
