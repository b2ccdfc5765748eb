import { describe, expect, test } from 'vitest';
import type { CacheStore } from '../../../lambdas/documents/cache-store.ts';
import { type CachedDocument, versionTextOf } from '../../../lambdas/documents/document.ts';
import { createDocumentMemory, findDocument, MEMORY_TTL_MS } from '../../../lambdas/documents/find-document.ts';
import { createSteppingClock } from '../../support/fixtures.ts';

type CachedText = Extract<CachedDocument, { found: true }>;

function createReader() {
  const clock = createSteppingClock(0);
  const memory = createDocumentMemory(clock);
  memory.isWarmedUp = true;
  const rows = new Map<string, CachedText>();
  let rowReads = 0;
  const cache = {
    get: async (uid: string) => {
      rowReads += 1;
      const row = rows.get(uid);
      return row && row.until > clock.now() ? row : undefined;
    },
    requestLookup: async () => undefined,
    isLookupPending: async () => true,
  } satisfies Partial<CacheStore> as unknown as CacheStore;
  const set = (order_uid: string, document = order_uid, ttlMs = 360_000, instant = '2026-01-01T00:00:00.') =>
    rows.set(order_uid, { found: true, order_uid, document, instant, hash: 'h', until: clock.now() + ttlMs });
  const find = (uid: string) =>
    findDocument(uid, 'correlation', { cache, memory, clock, deadlineMs: Number.POSITIVE_INFINITY });
  /** Returns the text, if it is found without a read of the row. */
  const findInMemory = async (uid: string) => {
    const before = rowReads;
    const result = await find(uid);
    return rowReads === before && typeof result === 'object' ? result.document : undefined;
  };
  return { clock, rows, set, find, findInMemory };
}

const LARGE = 'x'.repeat(128 * 1024);

describe('the document memory', () => {
  test('returns a text for five seconds', async () => {
    const { clock, set, find, findInMemory } = createReader();
    set('a');
    expect(await find('a')).toEqual({ document: 'a', status: 'hit' });
    clock.pass(MEMORY_TTL_MS - 1);
    expect(await findInMemory('a')).toBe('a');
    clock.pass(1);
    expect(await findInMemory('a')).toBeUndefined();
  });

  test('returns a text no longer than its row may be served', async () => {
    const { clock, set, find, findInMemory } = createReader();
    set('a', 'a', 10);
    await find('a');
    clock.pass(9);
    expect(await findInMemory('a')).toBe('a');
    clock.pass(1);
    expect(await find('a')).toBe('lookup_queued');
  });

  test('returns no older text than it has returned before', async () => {
    const { clock, set, find } = createReader();
    set('a', 'new', 360_000, '2026-01-02T00:00:00.');
    await find('a');
    set('a', 'old', 360_000, '2026-01-01T00:00:00.');
    clock.pass(MEMORY_TTL_MS - 1);
    expect(await find('a')).toMatchObject({ document: 'new' });
  });

  test('keeps neither that a lookup is pending nor what it has not found', async () => {
    const { set, find } = createReader();
    expect(await find('a')).toBe('lookup_queued');
    set('a');
    expect(await find('a')).toMatchObject({ document: 'a', status: 'hit' });
  });

  test('keeps 127 texts of the maximum size, and evicts the oldest', async () => {
    const { set, find, findInMemory } = createReader();
    for (let index = 0; index < 200; index++) {
      set(`u${index}`, LARGE);
      await find(`u${index}`);
    }
    const isCached: boolean[] = [];
    // Newest first, because what is not in memory is read from its row and evicts others.
    for (let index = 199; index >= 72; index--) isCached.push((await findInMemory(`u${index}`)) !== undefined);
    expect(isCached).toEqual([...Array(127).fill(true), false]);
  });
});

test('the version of a text orders texts by date, and at the same date by hash', () => {
  const versions = [
    { instant: '2026-01-01T00:00:00.', hash: 'b' },
    { instant: '2026-01-01T00:00:00.', hash: 'c' },
    { instant: '2026-01-01T00:00:00.5', hash: 'a' },
    { instant: '2026-01-01T00:00:01.', hash: 'a' },
  ].map(versionTextOf);
  expect(versions.toSorted()).toEqual(versions);
});
