import { beforeEach, describe, expect, test } from 'vitest';
import {
  type Announcement,
  announce,
  FEED_INTERVAL_MS,
  FeedReader,
  restartFeed,
} from '../../../../lambdas/shared/cache/feed.ts';
import { Busy } from '../../../../lambdas/shared/runtime/errors.ts';
import type { Row } from '../../../../lambdas/shared/store/store.ts';
import { createSteppingClock } from '../../../support/fixtures.ts';
import { createMemoryStore, type MemoryStore, overrideStore } from '../../../support/memory-store.ts';

const clock = createSteppingClock();
const never = Number.POSITIVE_INFINITY;
let rows: MemoryStore;
let changes: (Announcement | 'gap')[];
let reads: number;
let fails: boolean;
let onRead: () => void;
let hangs: boolean;

/** Creates a reader as an execution environment has one, and reads the feed for the first time. */
async function createReader(): Promise<FeedReader> {
  const store = overrideStore(rows, {
    get: async (key) => {
      reads += 1;
      onRead();
      if (hangs) return new Promise(() => {});
      if (fails) throw new Busy('throttled');
      return rows.get(key);
    },
  });
  const reader = new FeedReader(
    { store, clock },
    { onChange: (change) => changes.push(change), onGap: () => changes.push('gap') },
  );
  await reader.isCurrent(never);
  return reader;
}

const announceOne = (key: string, version: number) =>
  announce({ store: rows, clock }, [{ cache: 'items', key, version }], never);
const feedRow = (): Row | undefined => rows.all()[0];

async function readNext(reader: FeedReader): Promise<(Announcement | 'gap')[]> {
  clock.pass(FEED_INTERVAL_MS);
  changes = [];
  await reader.isCurrent(never);
  return changes;
}

beforeEach(() => {
  rows = createMemoryStore({ now: clock.now });
  [changes, reads, fails, hangs, onRead] = [[], 0, false, false, () => {}];
});

describe('the feed', () => {
  test('is read at most once a second, and only when it is used', async () => {
    const reader = await createReader();
    clock.pass(FEED_INTERVAL_MS - 1);
    for (let call = 0; call < 10; call++) expect(await reader.isCurrent(never)).toBe(true);
    expect(reads).toBe(1);
    clock.pass(1);
    await Promise.all([reader.isCurrent(never), reader.isCurrent(never)]);
    expect(reads).toBe(2);
  });

  test('counts the second from the start of a read', async () => {
    const reader = await createReader();
    clock.pass(FEED_INTERVAL_MS);
    onRead = () => clock.pass(200);
    await reader.isCurrent(never);
    clock.pass(FEED_INTERVAL_MS - 200);
    await reader.isCurrent(never);
    expect(reads).toBe(3);
  });

  test('is read again at once if the clock was set back', async () => {
    const reader = await createReader();
    await announceOne('a', 1);
    clock.pass(-60_000);
    expect(await reader.isCurrent(never)).toBe(true);
    expect(reads).toBe(2);
  });

  test('is read again if the invocation that has read it was ended', async () => {
    const reader = await createReader();
    clock.pass(FEED_INTERVAL_MS);
    hangs = true;
    void reader.isCurrent(never);
    hangs = false;
    clock.pass(301);
    expect(await reader.isCurrent(never)).toBe(true);
  });

  test('passes on each change once', async () => {
    await announceOne('before', 1);
    const reader = await createReader();
    await announceOne('a', 1);
    await announceOne('b', 1);
    await announceOne('a', 2);
    expect(await readNext(reader)).toEqual([
      { cache: 'items', key: 'b', version: 1 },
      { cache: 'items', key: 'a', version: 2 },
    ]);
    expect(await readNext(reader)).toEqual([]);
  });

  test('writes a change once, and none that is older', async () => {
    await announceOne('a', 2);
    const version = feedRow()?.['version'];
    await announceOne('a', 2);
    await announceOne('a', 1);
    expect(feedRow()?.['version']).toBe(version);
  });

  test('drops what is older than 30 s, and reports the gap to an environment that has missed it', async () => {
    await announceOne('x', 1);
    const [idle, active] = [await createReader(), await createReader()];
    await announceOne('a', 1);
    await readNext(active);
    clock.pass(30_001);
    await announceOne('b', 1);
    expect(await readNext(active)).toEqual([{ cache: 'items', key: 'b', version: 1 }]);
    expect(await readNext(idle)).toEqual(['gap']);
    expect(await readNext(idle)).toEqual([]);
  });

  test('stays within one read unit under many changes, and reports a gap', async () => {
    await announceOne('x', 1);
    const reader = await createReader();
    for (let index = 0; index < 300; index++) await announceOne(`product-${index}`, index + 1);
    expect(Buffer.byteLength(JSON.stringify(feedRow()))).toBeLessThan(6000);
    expect(String(feedRow()?.['data']).length).toBeLessThanOrEqual(3500);
    expect(await readNext(reader)).toEqual(['gap']);
  });

  test('that was deleted or replaced is a gap', async () => {
    await announceOne('a', 1);
    const reader = await createReader();
    await restartFeed({ store: rows, clock }, never);
    expect(await readNext(reader)).toEqual(['gap']);
    rows = createMemoryStore({ now: clock.now });
    expect(await readNext(reader)).toEqual(['gap']);
    await announceOne('b', 1);
    expect(await readNext(reader)).toEqual(['gap']);
  });

  test('that cannot be parsed is replaced by a new one', async () => {
    for (const fields of [{}, { id: 'x', dropped: 0, data: 'no JSON' }, { id: 'x', dropped: 0, data: '[1]' }]) {
      rows = createMemoryStore({ now: clock.now });
      await rows.write([{ op: 'put', row: { pk: 'CACHE#FEED', sk: 'STATE', version: 5, ...fields } }], 'token');
      const reader = await createReader();
      await announceOne('a', 1);
      expect(feedRow()).toMatchObject({ version: 6 });
      expect(await readNext(reader)).toEqual(['gap']);
    }
  });

  test('that does not respond makes the memory unusable, and is read again after a second', async () => {
    const reader = await createReader();
    fails = true;
    clock.pass(FEED_INTERVAL_MS);
    expect(await reader.isCurrent(never)).toBe(false);
    expect(await reader.isCurrent(never)).toBe(false);
    expect(reads).toBe(2);
    fails = false;
    clock.pass(FEED_INTERVAL_MS);
    expect(await reader.isCurrent(never)).toBe(true);
  });
});
