import { expect, test } from 'vitest';
import { createCursor } from '../../../lambdas/shared/http/paging.ts';
import { Simulation } from '../../support/simulation.ts';

const world = new Simulation();
const list = (query: Record<string, string>) =>
  world.runUntilDone(world.request('GET /orders', { query: { user_id: 'alice', ...query } }));
const place = async (user_id: string, amount: number) => {
  const { body } = await world.runUntilDone(world.request('POST /orders', { body: { user_id, amount } }));
  await world.runUntilDone(world.clock.sleep(amount % 2));
  return String(body['id']);
};

test('a customer without orders has an empty list', async () => {
  expect(await list({ user_id: 'nobody' })).toMatchObject({ status: 200, body: [] });
});

test('orders are listed newest first, page by page, each once, until there is no next page', async () => {
  const ids: string[] = [];
  for (let amount = 1; amount <= 7; amount++) ids.push(await place('alice', amount));
  await place('bob', 1);
  const seen: unknown[] = [];
  let query: Record<string, string> | undefined = { limit: '3' };
  while (query) {
    const page = await list(query);
    seen.push(...(page.body as unknown as { id: string }[]).map(({ id }) => id));
    const next = String(page.headers['Link'] ?? '').match(/^<\/orders\?(.*)>; rel="next"$/)?.[1];
    query = next === undefined ? undefined : Object.fromEntries(new URLSearchParams(next));
  }
  expect(seen).toEqual(ids.toReversed());
});

test.each([
  { sort: '', kind: 'empty text, which no table takes' },
  { sort: '2026', kind: 'text of another kind' },
  { sort: '2026-01-01T00:00:00.000Z#ORDER', kind: 'no order’s place' },
  { sort: '\ud800', kind: 'half a letter' },
  { sort: 7, kind: 'a number' },
])('a cursor is refused that holds $why', async ({ sort }) => {
  expect(await list({ cursor: createCursor(sort) })).toMatchObject({
    status: 400,
    body: { errors: [{ path: 'cursor' }] },
  });
});

test('a list needs to know whose it is, and takes nothing that it does not know', async () => {
  const reply = await world.runUntilDone(world.request('GET /orders', { query: { limit: '0', colour: 'red' } }));
  expect(reply.status).toBe(400);
  expect((reply.body['errors'] as { path: string }[]).map(({ path }) => path).sort()).toEqual([
    'colour',
    'limit',
    'user_id',
  ]);
});
