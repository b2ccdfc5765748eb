import { expect, test } from 'vitest';
import type { Condition } from '../../../../lambdas/shared/store/store.ts';
import { createMemoryStore, type RowChange } from '../../../support/memory-store.ts';
import { contractIndex, storeContract } from '../../../support/store-contract.ts';

storeContract('memory', () => createMemoryStore({ now: Date.now }));

const createLaggingStore = () => {
  let now = 0;
  const store = createMemoryStore({ now: () => now, indexLagMs: () => 500 });
  const list = async () =>
    (await store.query({ partition: 'alice', index: contractIndex })).map(({ sk, rank }) => `${sk}@${rank}`);
  const put = (sk: string, rank: number) =>
    store.write([{ op: 'put', row: { pk: 'P', sk, owner: 'alice', rank } }], 'token');
  return {
    store,
    list,
    put,
    setTime: (ms: number) => {
      now = ms;
    },
  };
};

test('an index shows a new row after the lag', async () => {
  const { store, list, put, setTime } = createLaggingStore();
  await put('A', 1);
  expect(await store.get({ pk: 'P', sk: 'A' })).toBeDefined();
  expect(await store.query({ partition: 'P' })).toHaveLength(1);
  setTime(499);
  expect(await list()).toEqual([]);
  setTime(500);
  expect(await list()).toEqual(['A@1']);
});

test('an index shows the old values of a changed row until the lag has passed', async () => {
  const { list, put, setTime } = createLaggingStore();
  await put('A', 1);
  setTime(1000);
  await put('A', 2);
  expect(await list()).toEqual(['A@1']);
  setTime(1500);
  expect(await list()).toEqual(['A@2']);
});

test('onChange is called once for each row that is inserted, modified or removed', async () => {
  const changes: RowChange[] = [];
  const store = createMemoryStore({ now: () => 0, onChange: (change) => changes.push(change) });
  await store.write([{ op: 'put', row: { pk: 'P', sk: 'A', n: 1 } }], 'token-1');
  await store.write([{ op: 'put', row: { pk: 'P', sk: 'A', n: 2, version: 1 } }], 'token-2');
  await store.write([{ op: 'update', key: { pk: 'P', sk: 'B' }, set: { n: 3 }, when: { type: 'absent' } }], 'token-3');
  await store
    .write([{ op: 'put', row: { pk: 'P', sk: 'B' }, when: { type: 'absent' } }], 'token-4')
    .catch((error: Error) => expect(error.name).toBe('WriteRefused'));
  const remove = (sk: string, when: Condition) =>
    store.write([{ op: 'delete', key: { pk: 'P', sk }, when }], 'token-5');
  await remove('A', { type: 'version', version: 2 }).catch((error: Error) => expect(error.name).toBe('WriteRefused'));
  await remove('none', { type: 'absent' });
  await remove('A', { type: 'version', version: 1 });
  expect(changes.map(({ eventName, key: { sk }, row }) => [eventName, sk, row?.['n']])).toEqual([
    ['INSERT', 'A', 1],
    ['MODIFY', 'A', 2],
    ['INSERT', 'B', 3],
    ['REMOVE', 'A', undefined],
  ]);
});
