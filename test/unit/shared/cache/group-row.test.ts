import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../../lambdas/shared/cache/entry.ts';
import {
  cacheLeaseKey,
  cacheRowKey,
  type Group,
  groupOf,
  isCacheRow,
  parseGroup,
  toGroupRow,
} from '../../../../lambdas/shared/cache/group-row.ts';
import { noon } from '../../../support/fixtures.ts';

const key = cacheRowKey('items.1#0');
const entry = (value: unknown, ageMs = 0, ttlMs = 60_000): Entry<unknown> => ({
  value,
  version: value === undefined ? undefined : 1,
  loadedAtMs: noon - ageMs,
  untilMs: noon - ageMs + ttlMs,
  tookMs: 3,
});
const groupWith = (entries: Record<string, Entry<unknown>>, version?: number): Group => ({
  version,
  entries: new Map(Object.entries(entries)),
  leases: new Map(),
});

describe('the row of a group', () => {
  test('returns what was written, and expires with its last entry', () => {
    const group = { ...groupWith({ a: entry({ n: 1 }), none: entry(undefined) }, 6), leases: new Map() };
    const row = toGroupRow(key, group, noon);
    expect(row).toMatchObject({ ...key, version: 7, expires_at: noon / 1000 + 60 });
    expect(parseGroup(row, noon)).toEqual({ ...group, version: 7 });
  });

  test('never repeats a version after it was deleted', () => {
    expect(toGroupRow(key, groupWith({}), noon)['version']).toBe(noon);
  });

  test('serves no expired entry, although the row still exists', () => {
    const row = toGroupRow(key, groupWith({ a: entry(1, 0, 1000), b: entry(2) }), noon);
    expect([...parseGroup(row, noon + 999).entries.keys()]).toEqual(['a', 'b']);
    expect([...parseGroup(row, noon + 1000).entries.keys()]).toEqual(['b']);
  });

  test('serves no entry from further in the future than clocks may differ', () => {
    const row = toGroupRow(key, groupWith({ near: entry(1, -2000), far: entry(2, -2001) }), noon);
    expect([...parseGroup(row, noon).entries.keys()]).toEqual(['near']);
  });

  test('leaves out expired entries, ended leases, and all but eight unknown keys', () => {
    const unknown = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`u${index}`, entry(undefined, index)]),
    );
    const leases = new Map([
      ['ended', { owner: 'x', untilMs: noon }],
      ['active', { owner: 'y', untilMs: noon + 1 }],
    ]);
    const group = { ...groupWith({ old: entry(1, 60_000), ...unknown }), leases };
    const written = parseGroup(toGroupRow(key, group, noon), noon);
    expect([...written.entries.keys()]).toEqual(['u0', 'u1', 'u2', 'u3', 'u4', 'u5', 'u6', 'u7']);
    expect([...written.leases.keys()]).toEqual(['active']);
  });

  test('keeps the newest entries within 32,768 characters', () => {
    const large = Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [`k${index}`, entry('x'.repeat(1000), index)]),
    );
    const row = toGroupRow(key, groupWith(large), noon);
    expect(String(row['data']).length).toBeLessThan(33_000);
    const kept = [...parseGroup(row, noon).entries.keys()];
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => `k${index}`));
    expect(kept.length).toBeGreaterThan(25);
  });

  test('is recognized among other rows', () => {
    const others = [
      { pk: 'CACHE#uid', sk: 'OUTBOX#x' },
      { pk: 'PRODUCT#a', sk: 'STATE' },
    ];
    expect([cacheRowKey('a'), cacheLeaseKey('a'), ...others].map(isCacheRow)).toEqual([true, true, false, false]);
  });
});

test('keys are spread over the groups evenly, and each belongs to one', () => {
  const sizes = new Map<number, number>();
  for (let index = 0; index < 6400; index++) {
    const group = groupOf(`product-${index}`, 64);
    expect(group).toBe(groupOf(`product-${index}`, 64));
    sizes.set(group, (sizes.get(group) ?? 0) + 1);
  }
  expect(sizes.size).toBe(64);
  expect(Math.max(...sizes.values())).toBeLessThan(150);
});
