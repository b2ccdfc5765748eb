import { describe, expect, test } from 'vitest';
import { createCursor } from '../../../lambdas/shared/http/paging.ts';
import { Simulation } from '../../support/simulation.ts';

const simulation = new Simulation();
const list = (query: Record<string, string>) =>
  simulation.runUntilDone(simulation.request('GET /orders', { query: { user_id: 'alice', ...query } }));
const placeOrder = async (user_id: string, amount: number) => {
  const { body } = await simulation.runUntilDone(simulation.request('POST /orders', { body: { user_id, amount } }));
  // The intervals between the orders vary.
  await simulation.runUntilDone(simulation.clock.sleep(amount % 2));
  return String(body['id']);
};

describe('GET /orders', () => {
  test('returns an empty list for a user without orders', async () => {
    expect(await list({ user_id: 'unknown' })).toMatchObject({ status: 200, body: [] });
  });

  test('returns each order once, newest first, page by page until there is no next link', async () => {
    const ids: string[] = [];
    for (let amount = 1; amount <= 7; amount++) ids.push(await placeOrder('alice', amount));
    await placeOrder('bob', 1);
    const listedIds: unknown[] = [];
    let query: Record<string, string> | undefined = { limit: '3' };
    while (query) {
      const page = await list(query);
      listedIds.push(...(page.body as unknown as { id: string }[]).map(({ id }) => id));
      const next = String(page.headers['Link'] ?? '').match(/^<\/orders\?(.*)>; rel="next"$/)?.[1];
      query = next === undefined ? undefined : Object.fromEntries(new URLSearchParams(next));
    }
    expect(listedIds).toEqual(ids.toReversed());
  });

  test.each([
    { sort: '', kind: 'an empty string, which is no valid key' },
    { sort: '2026', kind: 'text in another format' },
    { sort: '2026-01-01T00:00:00.000Z#ORDER', kind: 'an invalid order id' },
    { sort: '\ud800', kind: 'half of a surrogate pair' },
    { sort: 7, kind: 'a number' },
  ])('rejects a cursor that contains $kind', async ({ sort }) => {
    expect(await list({ cursor: createCursor(sort) })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'cursor' }] },
    });
  });

  test('rejects a missing user_id and unknown parameters', async () => {
    const query = { limit: '0', colour: 'red' };
    const response = await simulation.runUntilDone(simulation.request('GET /orders', { query }));
    expect(response.status).toBe(400);
    expect((response.body['errors'] as { path: string }[]).map(({ path }) => path).sort()).toEqual([
      'colour',
      'limit',
      'user_id',
    ]);
  });
});
