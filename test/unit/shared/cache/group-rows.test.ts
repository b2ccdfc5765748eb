import { beforeEach, describe, expect, test } from 'vitest';
import type { Entry } from '../../../../lambdas/shared/cache/entry.ts';
import { type Group, parseGroup } from '../../../../lambdas/shared/cache/group-row.ts';
import { applyToRow, groupKey, storeLoaded, takeLeases } from '../../../../lambdas/shared/cache/group-rows.ts';
import { type Store, WriteRefused } from '../../../../lambdas/shared/store/store.ts';
import { createSteppingClock } from '../../../support/fixtures.ts';
import { createMemoryStore, type MemoryStore, overrideStore } from '../../../support/memory-store.ts';

const location = { name: 'items', groups: 1 };
const deadlineMs = Number.POSITIVE_INFINITY;
let clock: ReturnType<typeof createSteppingClock>;
let rows: MemoryStore;

beforeEach(() => {
  clock = createSteppingClock();
  rows = createMemoryStore({ now: clock.now });
});

const ports = () => ({ store: rows, clock });
const entry = (version: number): Entry<unknown> => ({
  value: `v${version}`,
  version,
  loadedAtMs: clock.now(),
  untilMs: clock.now() + 10_000,
  tookMs: 1,
});
const readGroup = async (): Promise<Group> => parseGroup(await rows.get(groupKey(location, 'a')), clock.now());
const versionOf = async (key: string) => (await readGroup()).entries.get(key)?.version;

/** Takes the lease of a key, as the owner would after it has read the row. */
async function lease(owner: string, key = 'a', companions: string[] = [], store: Store = rows) {
  const group = await readGroup();
  return takeLeases({ store, clock }, location, {
    key,
    companions,
    owner,
    group,
    deadlineMs,
    isEnough: () => true,
    isOver: () => false,
  });
}
const storeEntry = (owner: string, group: Group, entries: Record<string, Entry<unknown>>) =>
  storeLoaded(ports(), location, { key: 'a', entries: new Map(Object.entries(entries)), owner, group, deadlineMs });

describe('a load under a lease', () => {
  test('stores its entries and ends its leases', async () => {
    const { granted, group } = await lease('one', 'a', ['b', 'c']);
    expect(granted).toEqual(['a', 'b', 'c']);
    await storeEntry('one', group, { a: entry(1), b: entry(2) });
    expect([await versionOf('a'), await versionOf('b'), await versionOf('c')]).toEqual([1, 2, undefined]);
    expect((await readGroup()).leases.size).toBe(0);
  });

  test('is granted to one caller, and its companions to whoever takes them first', async () => {
    await lease('one', 'a', ['b']);
    expect((await lease('two', 'a')).granted).toEqual([]);
    expect((await lease('two', 'c', ['b', 'd'])).granted).toEqual(['c', 'd']);
  });

  test('stores nothing that was invalidated after the load began', async () => {
    const { group } = await lease('one', 'a', ['b']);
    await applyToRow(ports(), location, { key: 'a', version: 2 }, deadlineMs);
    await storeEntry('one', group, { a: entry(1), b: entry(1) });
    expect([await versionOf('a'), await versionOf('b')]).toEqual([undefined, 1]);
    const { group: again } = await lease('two');
    await applyToRow(ports(), location, { key: 'a', version: 3 }, deadlineMs);
    await storeEntry('two', again, { a: entry(2) });
    expect(await versionOf('a')).toBeUndefined();
  });

  test('stores nothing after another caller has taken its lease', async () => {
    const { group } = await lease('one');
    clock.pass(2000);
    await lease('two');
    await storeEntry('one', group, { a: entry(1) });
    expect(await versionOf('a')).toBeUndefined();
    expect([...(await readGroup()).leases.values()]).toMatchObject([{ owner: 'two' }]);
  });

  test('never replaces an entry by an older one', async () => {
    const { group } = await lease('one');
    const { leases } = await readGroup();
    await storeEntry('one', { ...group, entries: new Map([['a', entry(5)]]), leases }, { a: entry(4) });
    expect(await versionOf('a')).toBe(5);
  });

  test('knows its own lease again if the response to its write was lost', async () => {
    let isLost = true;
    const store = overrideStore(rows, {
      write: async (writes, token) => {
        await rows.write(writes, token);
        if (isLost) {
          isLost = false;
          throw new WriteRefused([{ kind: 'no_response' }]);
        }
      },
    });
    expect((await lease('one', 'a', ['b'], store)).granted).toEqual(['a', 'b']);
  });
});

describe('a change', () => {
  test('replaces an older entry, and no newer one', async () => {
    const { group } = await lease('one');
    await storeEntry('one', group, { a: entry(2) });
    await applyToRow(ports(), location, { key: 'a', version: 1, entry: entry(1) }, deadlineMs);
    expect(await versionOf('a')).toBe(2);
    await applyToRow(ports(), location, { key: 'a', version: 3, entry: entry(3) }, deadlineMs);
    expect(await versionOf('a')).toBe(3);
    await applyToRow(ports(), location, { key: 'a', version: 4 }, deadlineMs);
    expect(await versionOf('a')).toBeUndefined();
  });

  test('is stored for the callers that wait for a load in progress', async () => {
    await lease('one');
    await applyToRow(ports(), location, { key: 'a', version: 2, entry: entry(2) }, deadlineMs);
    expect(await versionOf('a')).toBe(2);
    expect((await readGroup()).leases.size).toBe(0);
  });
});
