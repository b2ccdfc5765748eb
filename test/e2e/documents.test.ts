import { describe, expect, inject, test } from 'vitest';
import { generateDocuments } from '../../tools/generated-documents.ts';
import { sample, textWith, uid } from '../support/documents.ts';
import { EngineAccess } from '../support/engine-access.ts';
import { OpsCli } from '../support/ops-cli.ts';
import { poll } from '../support/poll.ts';

const url = inject('url');
const behind = new EngineAccess(inject('endpoint'));
const operator = new OpsCli(inject('endpoint'));

const post = (body: string) =>
  fetch(`${url}/orders`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });

async function get(order_uid: string, path = '/api/order') {
  const response = await fetch(`${url}${path}/${order_uid}`);
  return { status: response.status, cache: response.headers.get('x-cache'), text: await response.text() };
}
/** Once it is there. */
const found = (order_uid: string) =>
  poll(
    () => get(order_uid),
    ({ status }) => status === 200,
  );

describe('order documents', () => {
  test('that an operator publishes are each read as they were sent, unknown fields and large numbers too', async () => {
    const { published } = await operator.json<{ published: string[] }>('publish', '--count', '50', '--seed', '50');
    const sent = generateDocuments({ count: 50, seed: 50 });
    expect(published).toEqual(sent.map(({ order_uid }) => order_uid));
    const got = await Promise.all(published.map(found));
    expect(got.map(({ text }) => text)).toEqual(sent.map(({ text }) => text));
  });

  test('are found again after the cache was cleared, by one lookup for all who ask at once', async () => {
    expect((await post(textWith())).status).toBe(202);
    await found(uid);
    await operator.json('cache', 'clear');
    const since = Date.now();
    const cold = await Promise.all(Array.from({ length: 200 }, () => get(uid)));
    for (const { status } of cold) expect([200, 202]).toContain(status);
    expect(await found(uid)).toEqual({ status: 200, cache: 'hit', text: textWith() });
    expect(await get(uid, '/order')).toEqual({ status: 200, cache: 'hit', text: textWith() });
    const says = [
      new RegExp(`processed order ${uid} \\(offset [\\w-]+\\)`),
      new RegExp(`LOOKUP RECEIVED order_uid=${uid} action=query-db`),
      new RegExp(`DB QUERY order_uid=${uid}`),
      new RegExp(`DB FOUND order_uid=${uid}`),
      new RegExp(`published order-found for ${uid}`),
      new RegExp(`CACHE UPDATED order_uid=${uid} source=order-found`),
    ];
    const lines = await poll(
      async () => (await operator.run('logs', 'tail', '--no-follow', '--filter', uid)).stdout.split('\n'),
      (all) => says.every((one) => all.some((line) => one.test(line))),
    );
    const asked = lines.filter((line) => line.includes('LOOKUP RECEIVED'));
    expect(asked.filter((line) => line.slice(0, 12) >= new Date(since).toISOString().slice(11, 23))).toHaveLength(1);
  });

  test('straight on the bus are taken in or buried with all of their faults, side by side', async () => {
    const before = await behind.messageCount('order-documents-dlq');
    const told = ['publish', '--count', '60', '--bad-rate', '0.3', '--via', 'bus', '--seed', '60'];
    const { published, wrong } = await operator.json<{ published: string[]; wrong: object[] }>(...told);
    expect([published.length + wrong.length, wrong.length > 5]).toEqual([60, true]);
    const sent = new Map(
      generateDocuments({ count: 60, seed: 60, badRate: 0.3 }).map((one) => [one.order_uid, one.text]),
    );
    for (const { text } of await Promise.all(published.map(found)))
      expect(sent.get(JSON.parse(text).order_uid)).toBe(text);
    await poll(
      () => behind.messageCount('order-documents-dlq'),
      (dead) => dead === before + wrong.length,
    );
    for (const { attributes } of await behind.deadLetters('order-documents'))
      expect(attributes['reason']).toMatch(/^Poison: not an order document: /);
    await behind.purge('order-documents-dlq');
  });

  test('that are wrong or too large are refused, and what nobody has published is unknown', async () => {
    const wrong = await post(textWith({ items: [], payment: { ...sample.payment, amount: 1 } }));
    expect([
      wrong.status,
      ((await wrong.json()) as { errors: { path: string }[] }).errors.map(({ path }) => path),
    ]).toEqual([400, ['payment.amount', 'items']]);
    expect((await post(textWith({ filling: 'x'.repeat(128 * 1024) }))).status).toBe(413);
    expect((await post(textWith({ filling: '"'.repeat(60 * 1024) }))).status).toBe(413);
    expect((await get('nobody-has-this')).status).toBe(404);
    expect((await get('..%2F..%2Forders')).status).toBe(404);
    expect((await get('a%23STATE')).status).toBe(404);
  });

  test('of 128 KB come back to the letter, and an update replaces them', async () => {
    const large = textWith({ order_uid: 'large-one', filling: '' });
    const text = large.replace('"filling":""', `"filling":"${'ж'.repeat((128 * 1024 - large.length) / 2)}"`);
    expect(Buffer.byteLength(text)).toBeGreaterThan(128 * 1024 - 2);
    expect((await post(text)).status).toBe(202);
    expect((await found('large-one')).text).toBe(text);
    const newer = textWith({ order_uid: 'large-one', date_created: '2026-02-01T00:00:00Z' });
    expect((await post(newer)).status).toBe(202);
    expect((await post(text)).status).toBe(202);
    await poll(
      () => get('large-one'),
      (got) => got.text === newer,
    );
  });
});
