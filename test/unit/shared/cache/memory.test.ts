import { beforeEach, describe, expect, test } from 'vitest';
import { type Entry, isDueEarly, isOlder, UNCACHED } from '../../../../lambdas/shared/cache/entry.ts';
import { Memory } from '../../../../lambdas/shared/cache/memory.ts';
import { createSteppingClock } from '../../../support/fixtures.ts';

const TTL_MS = 1000;
let clock: ReturnType<typeof createSteppingClock>;
let memory: Memory<string>;

beforeEach(() => {
  clock = createSteppingClock();
  memory = new Memory({ clock, maxCharacters: 1000, sizeOf: (value) => value.length });
});

const entry = (version: number | undefined, value = `v${version}`): Entry<string> => ({
  value: version === undefined ? undefined : value,
  version,
  loadedAtMs: clock.now(),
  untilMs: clock.now() + TTL_MS,
  tookMs: 10,
});
/** Accepts an entry whose read began and ended now. */
function accept(key: string, accepted: Entry<string>, isFromRow = false): boolean {
  const flight = memory.beginFlight();
  try {
    return memory.accept(key, accepted, flight, isFromRow);
  } finally {
    memory.endFlight(flight);
  }
}
const versionOf = (key: string) => memory.find(key)?.version;

describe('the memory', () => {
  test('returns an entry until it expires', () => {
    accept('a', entry(1));
    clock.pass(TTL_MS - 1);
    expect(versionOf('a')).toBe(1);
    clock.pass(1);
    expect(versionOf('a')).toBeUndefined();
    expect(memory.findUnconfirmed('a')).toBeUndefined();
  });

  test('accepts no older version, also after the newer one has expired', () => {
    accept('a', entry(2));
    expect(accept('a', entry(1))).toBe(false);
    clock.pass(TTL_MS);
    expect(accept('a', entry(1))).toBe(false);
    expect(accept('a', entry(undefined))).toBe(false);
    expect(accept('a', entry(2))).toBe(true);
  });

  test('keeps the entry that expires later, if both have the same version', () => {
    const first = entry(1);
    clock.pass(100);
    accept('a', entry(1));
    accept('a', first);
    clock.pass(TTL_MS - 1);
    expect(versionOf('a')).toBe(1);
  });

  test('drops what is older than an invalidation, and nothing else', () => {
    for (const key of ['a', 'b']) accept(key, entry(2));
    memory.invalidate('a', 2);
    expect(versionOf('a')).toBe(2);
    memory.invalidate('a', 3);
    expect(versionOf('a')).toBeUndefined();
    expect(memory.findUnconfirmed('a')).toBeUndefined();
    expect(versionOf('b')).toBe(2);
    expect(accept('a', entry(2))).toBe(false);
    expect(accept('a', entry(3))).toBe(true);
  });

  test('accepts nothing that was invalidated while it was read, although the key was unknown', () => {
    const flight = memory.beginFlight();
    memory.invalidate('a', 2);
    expect(memory.accept('a', entry(1), flight)).toBe(false);
    expect(memory.accept('a', entry(undefined), flight)).toBe(false);
    expect(memory.accept('b', entry(1), flight)).toBe(true);
    expect(memory.accept('a', entry(2), flight)).toBe(true);
    memory.endFlight(flight);
    expect(accept('c', entry(1))).toBe(true);
  });

  test('trusts nothing after a gap, neither what it holds nor what is being read', () => {
    accept('a', entry(1));
    const flight = memory.beginFlight();
    memory.distrustAll();
    expect(memory.accept('b', entry(1), flight)).toBe(false);
    memory.endFlight(flight);
    expect(versionOf('a')).toBeUndefined();
    expect(memory.findUnconfirmed('a')?.version).toBe(1);
    expect(accept('a', entry(1))).toBe(true);
    expect(versionOf('a')).toBe(1);
  });

  test('accepts no row entry that may be older than an evicted one', () => {
    const large = 'x'.repeat(300);
    const before = { ...entry(1, large), loadedAtMs: clock.now() };
    clock.pass(100);
    accept('evicted', entry(2, large));
    clock.pass(3000);
    for (const key of ['b', 'c']) accept(key, entry(1, large));
    expect(versionOf('evicted')).toBeUndefined();
    expect(accept('evicted', before, true)).toBe(false);
    expect(accept('evicted', entry(2, large), true)).toBe(true);
  });

  test('accepts the same entry of a row again after it was evicted, and none that was invalidated meanwhile', () => {
    const large = 'x'.repeat(300);
    const evicted = entry(2, large);
    accept('evicted', evicted, true);
    clock.pass(500);
    for (const key of ['b', 'c', 'd']) accept(key, entry(1, large));
    expect(versionOf('evicted')).toBeUndefined();
    expect(memory.isRefusedHere('evicted', evicted)).toBe(false);
    expect(accept('evicted', evicted, true)).toBe(true);
    for (const key of ['b', 'c', 'd']) accept(key, entry(1, large));
    memory.invalidate('evicted', 3);
    expect(accept('evicted', evicted, true)).toBe(false);
    expect(accept('evicted', entry(3, large), true)).toBe(true);
  });

  test('refuses row entries from before the last of 20,000 evicted keys, whose version is forgotten', () => {
    const before = entry(1);
    clock.pass(3000);
    for (let index = 0; index < 20_020; index++) accept(`k${index}`, entry(1));
    expect(memory.isRefusedHere('k1', before)).toBe(true);
    expect(accept('k1', before, true)).toBe(false);
    expect(accept('k1', entry(1))).toBe(true);
    expect(memory.isRefusedHere('k20000', before)).toBe(false);
  });

  test('keeps unknown keys apart from values, up to 1,000 of them', () => {
    accept('a', entry(1, 'x'.repeat(800)));
    for (let index = 0; index < 1100; index++) accept(`u${index}`, entry(undefined));
    expect(versionOf('a')).toBe(1);
    expect([memory.find('u0'), memory.find('u99')]).toEqual([undefined, undefined]);
    expect(memory.find('u100')).toBeDefined();
    accept('u100', entry(1));
    expect(versionOf('u100')).toBe(1);
  });

  test('returns an uncached entry once, whatever is known about the key', () => {
    accept('a', entry(2));
    expect(accept('a', { ...entry(1), untilMs: UNCACHED })).toBe(true);
    expect(versionOf('a')).toBe(2);
  });

  test('accepts any version of a key that was forgotten', () => {
    accept('a', entry(5));
    memory.forget('a');
    expect(accept('a', entry(1))).toBe(true);
  });
});

test.each([
  [1, 2, true],
  [2, 2, false],
  [3, 2, false],
  [undefined, 1, true],
  [1, undefined, false],
  [undefined, undefined, false],
  ['2026-01-01#a', '2026-01-01#b', true],
  ['b', 'a', false],
  [1, 'a', false],
])('version %j is older than %j: %j', (version, than, expected) => {
  expect(isOlder(version, than)).toBe(expected);
});

test('an entry is refreshed early with a probability that grows towards its expiry', () => {
  const cached = entry(1);
  const shareAt = (leftMs: number) =>
    Array.from({ length: 1000 }, (_, index) => isDueEarly(cached, cached.untilMs - leftMs, index / 1000)).filter(
      Boolean,
    ).length / 1000;
  expect(shareAt(100)).toBeLessThan(0.001);
  expect(shareAt(10)).toBeCloseTo(Math.exp(-1), 2);
  expect(shareAt(1)).toBeCloseTo(Math.exp(-0.1), 2);
  expect(shareAt(0)).toBe(1);
});
