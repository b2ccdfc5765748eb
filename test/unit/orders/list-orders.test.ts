import { expect, test } from 'vitest';
import { cursorOf } from '../../../lambdas/shared/paging.ts';
import { World } from '../../support/world.ts';

const world = new World();
const list = (query: Record<string, string>) =>
  world.during(world.call('GET /orders', { query: { user_id: 'alice', ...query } }));
const place = async (user_id: string, amount: number) => {
  const { body } = await world.during(world.call('POST /orders', { body: { user_id, amount } }));
  await world.during(world.clock.sleep(amount % 2));
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
  { sort: '', why: 'empty text, which no table takes' },
  { sort: '2026', why: 'text of another kind' },
  { sort: '2026-01-01T00:00:00.000Z#ORDER', why: 'no order’s place' },
  { sort: '\ud800', why: 'half a letter' },
  { sort: 7, why: 'a number' },
])('a cursor is refused that holds $why', async ({ sort }) => {
  expect(await list({ cursor: cursorOf(sort) })).toMatchObject({ status: 400, body: { errors: [{ path: 'cursor' }] } });
});

test('a list needs to know whose it is, and takes nothing that it does not know', async () => {
  const reply = await world.during(world.call('GET /orders', { query: { limit: '0', colour: 'red' } }));
  expect(reply.status).toBe(400);
  expect((reply.body['errors'] as { path: string }[]).map(({ path }) => path).sort()).toEqual([
    'colour',
    'limit',
    'user_id',
  ]);
});
