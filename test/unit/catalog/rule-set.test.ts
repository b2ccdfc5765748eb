import { beforeEach, describe, expect, test } from 'vitest';
import { versionIs } from '../../../lambdas/shared/store/store.ts';
import { Simulation } from '../../support/simulation.ts';

let simulation: Simulation;
beforeEach(() => {
  simulation = new Simulation();
});

const call = (...args: Parameters<Simulation['request']>) => simulation.runUntilDone(simulation.request(...args));
const put = (body: object) => call('PUT /catalog/rules', { body });
const show = async () => (await call('GET /catalog/rules')).body;
const setOf = (percent: number) => ({
  mode: 'combine',
  rules: [{ id: 'sale', effect: { type: 'percent', basis_points: -100 * percent } }],
});
const errorsOf = (body: Record<string, unknown>) =>
  (body['errors'] as { path: string; message: string }[]).map(({ path }) => path).sort();

const history = async () => {
  const { body } = await call('GET /catalog/rules/versions', {});
  return (body as unknown as { version: number }[]).map(({ version }) => version);
};

describe('a set of price rules', () => {
  test('is empty, with version 0, before the first is put', async () => {
    expect(await show()).toEqual({ version: 0, mode: 'first_match', rules: [] });
  });

  test('is valid as soon as it is put, and has the next version', async () => {
    expect(await put(setOf(10))).toMatchObject({ status: 200, body: { version: 1, ...setOf(10) } });
    expect(await put(setOf(20))).toMatchObject({ status: 200, body: { version: 2 } });
    expect(await show()).toMatchObject({ version: 2, created_at: expect.any(String), ...setOf(20) });
  });

  test('that equals the valid one keeps its version, in whichever order its fields are', async () => {
    await put(setOf(10));
    const shown = await show();
    const { mode, rules } = setOf(10);
    expect(await put({ rules, mode })).toMatchObject({ status: 200, body: shown });
    expect(await show()).toEqual(shown);
    expect(await history()).toEqual([1]);
    await put(setOf(20));
    expect(await history()).toEqual([3, 1]);
  });

  test('with faults is rejected with all of them, and the last good one stays', async () => {
    await put(setOf(10));
    const response = await put({
      mode: 'all',
      rules: [
        { id: 'a', effect: { type: 'percent', basis_points: 12.5 } },
        { id: 'a', effect: { type: 'percent', basis_points: -10_001 } },
        { id: 'b#', effect: { type: 'free' } },
        { id: 'c', when: { quantity: { at_least: 5, at_most: 4 } }, effect: { type: 'price', price: -1 } },
        { id: 'd', when: { quantity: {}, colour: 'red' }, effect: { type: 'amount', amount: 1, price: 1 } },
        {
          id: 'e',
          skus: [],
          when: { time: { from: '2026-01-02T00:00:00Z', until: '2026-01-01T00:00:00Z' }, customer_tag: '' },
          effect: { type: 'price', price: 1 },
        },
      ],
      valid: true,
    });
    expect(response.status).toBe(400);
    expect(errorsOf(response.body)).toEqual([
      'mode',
      'rules',
      'rules.0.effect.basis_points',
      'rules.1.effect.basis_points',
      'rules.2.effect.type',
      'rules.2.id',
      'rules.3.effect.price',
      'rules.3.when.quantity.at_most',
      'rules.4.effect.price',
      'rules.4.when.colour',
      'rules.4.when.quantity',
      'rules.5.skus',
      'rules.5.when.customer_tag',
      'rules.5.when.time.until',
      'valid',
    ]);
    const { errors } = response.body as unknown as { errors: { path: string; message: string }[] };
    expect(errors.find(({ path }) => path === 'rules')?.message).toBe('must not repeat an id: a');
    expect(await show()).toMatchObject({ version: 1, ...setOf(10) });
  });

  test('is limited to 100 rules and 32 KB', async () => {
    const rules = (count: number, skus?: string[]) =>
      Array.from({ length: count }, (_, index) => ({
        id: `r${index}`,
        ...(skus ? { skus } : {}),
        effect: { type: 'price', price: 1 },
      }));
    expect(await put({ mode: 'combine', rules: rules(101) })).toMatchObject({ status: 400 });
    expect(await put({ mode: 'combine', rules: rules(100) })).toMatchObject({ status: 200 });
    const skus = Array.from({ length: 100 }, (_, index) => `${'s'.repeat(60)}${index}`);
    expect(await put({ mode: 'combine', rules: rules(6, skus) })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'rules', message: 'must have at most 32768 bytes as JSON' }] },
    });
  });

  test('put concurrently has a version for each set, and the last one is valid', async () => {
    const responses = await Promise.all(Array.from({ length: 10 }, (_, index) => put(setOf(index + 1))));
    const versions = responses.map(({ body }) => Number(body['version']));
    expect(versions.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const last = responses.find(({ body }) => body['version'] === 10)?.body;
    expect(await show()).toEqual(last);
  });

  test('that replaces another version than the valid one is rejected, unless it is valid already', async () => {
    await put(setOf(10));
    expect(await put({ ...setOf(20), replaces: 1 })).toMatchObject({ status: 200, body: { version: 2 } });
    expect(await put({ ...setOf(30), replaces: 1 })).toMatchObject({ status: 409, body: { code: 'rules_changed' } });
    expect(await put({ ...setOf(20), replaces: 1 })).toMatchObject({ status: 200, body: { version: 2 } });
    expect(await show()).toMatchObject({ version: 2 });
  });
});

describe('the versions of the rules', () => {
  test('are listed newest first, page by page, and each is shown as it was put', async () => {
    for (const percent of [1, 2, 3, 4, 5]) await put(setOf(percent));
    const seen: unknown[] = [];
    let query: Record<string, string> | undefined = { limit: '2' };
    while (query) {
      const page = await call('GET /catalog/rules/versions', { query });
      seen.push(...(page.body as unknown as { version: number }[]).map(({ version }) => version));
      const next = String(page.headers['Link'] ?? '').match(/^<\/catalog\/rules\/versions\?(.*)>; rel="next"$/)?.[1];
      query = next === undefined ? undefined : Object.fromEntries(new URLSearchParams(next));
    }
    expect(seen).toEqual([5, 4, 3, 2, 1]);
    const version = await call('GET /catalog/rules/versions/{version}', { path: { version: '2' } });
    expect(version).toMatchObject({ status: 200, body: { version: 2, ...setOf(2) } });
  });

  test.each(['6', '0', 'x', '99999999999'])('do not include %s', async (version) => {
    await put(setOf(1));
    expect((await call('GET /catalog/rules/versions/{version}', { path: { version } })).status).toBe(404);
  });
});

describe('rules of a later release', () => {
  const unknown = [{ path: 'rules.0.when.weekday', message: 'unknown field' }];
  /** Makes a set the valid one that has a condition which this release does not know. */
  async function putFromLaterRelease(): Promise<void> {
    const set = setOf(90);
    const rules = set.rules.map((rule) => ({ ...rule, when: { weekday: 'monday' } }));
    const next = { version: 2, created_at: '2026-01-01T00:00:00.000Z', set: { ...set, rules } };
    const key = { pk: 'RULES', sk: 'STATE' };
    await simulation.catalog.write(
      [
        { op: 'update', key, set: next, when: versionIs(1) },
        { op: 'put', row: { pk: 'RULES#HISTORY', sk: '0000000002', ...next } },
      ],
      'later',
    );
  }
  beforeEach(async () => {
    await put(setOf(10));
    await putFromLaterRelease();
  });

  test('are shown and listed with what this release does not know', async () => {
    expect(await show()).toMatchObject({ version: 2, errors: unknown });
    const version = await call('GET /catalog/rules/versions/{version}', { path: { version: '2' } });
    expect(version).toMatchObject({ status: 200, body: { version: 2, errors: unknown } });
    const history = await call('GET /catalog/rules/versions', {});
    expect(history.body).toMatchObject([
      { version: 2, errors: unknown },
      { version: 1, rules: ['sale'] },
    ]);
  });

  test('can be replaced by those of an earlier version, under the version that is shown', async () => {
    expect(await put({ ...setOf(10), replaces: 1 })).toMatchObject({ status: 409, body: { code: 'rules_changed' } });
    const rollback = { ...setOf(10), replaces: 2 };
    expect(await put(rollback)).toMatchObject({ status: 200, body: { version: 3, ...setOf(10) } });
    expect(await put(rollback)).toMatchObject({ status: 200, body: { version: 3 } });
    expect(await show()).toMatchObject({ version: 3, ...setOf(10) });
  });

  test('set no price', async () => {
    await call('PUT /catalog/products/{sku}', { path: { sku: 'shirt' }, body: { name: 'T', price: 1000, stock: 9 } });
    const quoted = await call('POST /quotes', { body: { items: [{ sku: 'shirt', quantity: 1 }] } });
    expect(quoted.status).toBe(500);
  });
});

describe('trying rules', () => {
  const items = [{ sku: 'shirt', quantity: 2 }];
  const attempt = (body: object) => call('POST /catalog/rules/try', { body: { items, ...body } });
  beforeEach(async () => {
    await call('PUT /catalog/products/{sku}', {
      path: { sku: 'shirt' },
      body: { name: 'T-shirt', price: 1000, stock: 9 },
    });
    await put(setOf(10));
    await simulation.settle();
  });

  test('compares the price with that of the valid rules, and writes nothing', async () => {
    const rows = simulation.catalog.all();
    expect(await attempt({ rules: setOf(25) })).toMatchObject({
      status: 200,
      body: {
        live: { rules_version: 1, total: 1800, lines: [{ price: 900, rules: [{ rule: 'sale', after: 900 }] }] },
        tried: { total: 1500, lines: [{ price: 750, rules: [{ rule: 'sale', before: 1000, after: 750 }] }] },
      },
    });
    expect(simulation.catalog.all()).toEqual(rows);
  });

  test('names no version of the tried rules, which have none', async () => {
    const { body } = await attempt({ rules: setOf(25) });
    expect(body['tried']).not.toHaveProperty('rules_version');
  });

  test('shows with which code an order would be rejected', async () => {
    const { body } = await attempt({ rules: setOf(100) });
    expect(body['tried']).toMatchObject({ total: 0, rejected: 'amount_zero' });
    expect(body['live']).not.toHaveProperty('rejected');
  });

  test('follows the tags of a customer and a time', async () => {
    const when = { customer_tag: 'staff', time: { from: '2030-01-01T00:00:00Z' } };
    const rules = { mode: 'combine', rules: [{ id: 'staff', when, effect: { type: 'price', price: 1 } }] };
    await call('PUT /catalog/customers/{user_id}', { path: { user_id: 'alice' }, body: { tags: ['staff'] } });
    const totalOf = async (body: object) => (await attempt({ rules, ...body })).body['tried'];
    expect(await totalOf({ user_id: 'alice', at: '2030-01-01T00:00:00Z' })).toMatchObject({ total: 2 });
    expect(await totalOf({ user_id: 'alice' })).toMatchObject({ total: 2000 });
    expect(await totalOf({ user_id: 'bob', at: '2030-01-01T00:00:00Z' })).toMatchObject({ total: 2000 });
  });
});

describe('the tags of a customer', () => {
  const tags = (user_id: string, body?: object) =>
    call(`${body ? 'PUT' : 'GET'} /catalog/customers/{user_id}`, { path: { user_id }, ...(body ? { body } : {}) });

  test('are none until they are assigned, and are replaced as a whole', async () => {
    expect(await tags('alice')).toMatchObject({ status: 200, body: { user_id: 'alice', tags: [] } });
    await tags('alice', { tags: ['staff', 'student'] });
    await tags('alice', { tags: ['student'] });
    expect((await tags('alice')).body).toEqual({ user_id: 'alice', tags: ['student'] });
    await tags('alice', { tags: [] });
    expect((await tags('alice')).body).toEqual({ user_id: 'alice', tags: [] });
  });

  test.each([
    [{ tags: ['a', 'a'] }],
    [{ tags: ['#'] }],
    [{ tags: Array.from({ length: 21 }, (_, n) => `t${n}`) }],
    [{}],
  ])('are rejected as %j', async (body) => expect((await tags('alice', body)).status).toBe(400));
});
