import { expect, test } from 'vitest';
import type { Row } from '../../../../lambdas/shared/store/store.ts';
import { createMemoryStore } from '../../../support/memory-store.ts';
import { contractIndex, storeContract } from '../../../support/store-contract.ts';

storeContract('memory', () => createMemoryStore({ now: () => 0 }));

const lagging = () => {
  let now = 0;
  const store = createMemoryStore({ now: () => now, indexLagMs: () => 500 });
  const listed = async () =>
    (await store.query({ partition: 'alice', index: contractIndex })).map(({ sk, place }) => `${sk}@${place}`);
  const put = (sk: string, place: number) =>
    store.write([{ op: 'put', row: { pk: 'P', sk, owner: 'alice', place } }], 'token');
  return {
    store,
    listed,
    put,
    at: (ms: number) => {
      now = ms;
    },
  };
};

test('an index may show a row later than the table does', async () => {
  const { store, listed, put, at } = lagging();
  await put('A', 1);
  expect(await store.get({ pk: 'P', sk: 'A' })).toBeDefined();
  expect(await store.query({ partition: 'P' })).toHaveLength(1);
  at(499);
  expect(await listed()).toEqual([]);
  at(500);
  expect(await listed()).toEqual(['A@1']);
});

test('until then an index shows a changed row as it was', async () => {
  const { listed, put, at } = lagging();
  await put('A', 1);
  at(1000);
  await put('A', 2);
  expect(await listed()).toEqual(['A@1']);
  at(1500);
  expect(await listed()).toEqual(['A@2']);
});

test('the stream tells of rows that are new, once each, and of no change', async () => {
  const told: Row[] = [];
  const store = createMemoryStore({ now: () => 0, onInsert: (item) => told.push(item) });
  await store.write([{ op: 'put', row: { pk: 'P', sk: 'A', n: 1 } }], 'one');
  await store.write([{ op: 'put', row: { pk: 'P', sk: 'A', n: 2 } }], 'two');
  await store.write([{ op: 'update', key: { pk: 'P', sk: 'B' }, set: { n: 3 }, when: { type: 'absent' } }], 'three');
  await store
    .write([{ op: 'put', row: { pk: 'P', sk: 'B' }, when: { type: 'absent' } }], 'four')
    .catch((error: Error) => expect(error.name).toBe('WriteRefused'));
  expect(told).toEqual([
    { pk: 'P', sk: 'A', n: 1 },
    { pk: 'P', sk: 'B', n: 3 },
  ]);
});
