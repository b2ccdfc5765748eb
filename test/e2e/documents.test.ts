import { describe, expect, inject, test } from 'vitest';
import { generateDocuments } from '../../tools/generated-documents.ts';
import { sample, textWith, uid } from '../support/documents.ts';
import { EngineAccess } from '../support/engine-access.ts';
import { EngineFunctions } from '../support/engine-functions.ts';
import { OpsCli } from '../support/ops-cli.ts';
import { poll } from '../support/poll.ts';

const url = inject('url');
const engine = new EngineAccess(inject('endpoint'));
const functions = new EngineFunctions(inject('endpoint'));
const operator = new OpsCli(inject('endpoint'));

const post = (body: string) =>
  fetch(`${url}/orders`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });

async function get(order_uid: string, path = '/api/order') {
  const response = await fetch(`${url}${path}/${order_uid}`);
  return { status: response.status, cache: response.headers.get('x-cache'), text: await response.text() };
}
/** Waits until the document is found. */
const waitForDocument = (order_uid: string) =>
  poll(
    () => get(order_uid),
    ({ status }) => status === 200,
  );

describe('order documents', () => {
  test('that an operator publishes are returned unchanged, including undeclared fields and large numbers', async () => {
    const { published } = await operator.json<{ published: string[] }>('publish', '--count', '50', '--seed', '50');
    const sent = generateDocuments({ count: 50, seed: 50 });
    expect(published).toEqual(sent.map(({ order_uid }) => order_uid));
    const documents = await Promise.all(published.map(waitForDocument));
    expect(documents.map(({ text }) => text)).toEqual(sent.map(({ text }) => text));
  });

  test('are found after the cache was cleared, by one lookup for all concurrent readers', async () => {
    expect((await post(textWith())).status).toBe(202);
    await waitForDocument(uid);
    await operator.json('cache', 'clear');
    const clearedAt = Date.now();
    const responses = await Promise.all(Array.from({ length: 200 }, () => get(uid)));
    for (const { status } of responses) expect([200, 202]).toContain(status);
    expect(await waitForDocument(uid)).toEqual({ status: 200, cache: 'hit', text: textWith() });
    expect(await get(uid, '/order')).toEqual({ status: 200, cache: 'hit', text: textWith() });
    const expectedLines = [
      new RegExp(`processed order ${uid} \\(offset [\\w-]+\\)`),
      new RegExp(`LOOKUP RECEIVED order_uid=${uid} action=query-db`),
      new RegExp(`DB QUERY order_uid=${uid}`),
      new RegExp(`DB FOUND order_uid=${uid}`),
      new RegExp(`published order-found for ${uid}`),
      new RegExp(`CACHE UPDATED order_uid=${uid} source=order-found`),
    ];
    const clearedTime = new Date(clearedAt).toISOString().slice(11, 23);
    const lookupsIn = (lines: readonly string[]) =>
      lines.filter((line) => line.includes('LOOKUP RECEIVED') && line.slice(0, 12) >= clearedTime);
    const lines = await poll(
      async () => (await operator.run('logs', 'tail', '--no-follow', '--filter', uid)).stdout.split('\n'),
      // An answer may arrive before the log lines of the function that sent it.
      (all) => lookupsIn(all).length > 0 && expectedLines.every((expected) => all.some((line) => expected.test(line))),
    );
    expect(lookupsIn(lines)).toHaveLength(1);
  });

  test('are served by a new execution environment, which loads the newest ones into its memory', async () => {
    expect((await post(textWith())).status).toBe(202);
    await waitForDocument(uid);
    await functions.endEnvironments('documents-api');
    const { status, text } = await get(uid);
    expect({ status, text }).toEqual({ status: 200, text: textWith() });
    const failures = await operator.run('logs', 'tail', 'documents-api', '--no-follow', '--filter', 'not warmed up');
    expect(failures.stdout).toBe('');
  });

  test('published on the bus are stored if they are valid, and else dead-lettered with all of their errors', async () => {
    const deadBefore = await engine.messageCount('order-documents-dlq');
    const command = ['publish', '--count', '60', '--bad-rate', '0.3', '--via', 'bus', '--seed', '60'];
    const { published, invalid } = await operator.json<{ published: string[]; invalid: object[] }>(...command);
    expect([published.length + invalid.length, invalid.length > 5]).toEqual([60, true]);
    const documents = generateDocuments({ count: 60, seed: 60, badRate: 0.3 });
    const sent = new Map(documents.map(({ order_uid, text }) => [order_uid, text]));
    for (const { text } of await Promise.all(published.map(waitForDocument)))
      expect(sent.get(JSON.parse(text).order_uid)).toBe(text);
    await poll(
      () => engine.messageCount('order-documents-dlq'),
      (deadCount) => deadCount === deadBefore + invalid.length,
    );
    for (const { attributes } of await engine.deadLetters('order-documents'))
      expect(attributes['reason']).toMatch(/^PoisonMessage: not an order document: /);
    await engine.purge('order-documents-dlq');
  });

  test('are rejected if they are invalid or too large, and not found if they are unknown', async () => {
    const invalid = await post(textWith({ items: [], payment: { ...sample.payment, amount: 1 } }));
    expect([
      invalid.status,
      ((await invalid.json()) as { errors: { path: string }[] }).errors.map(({ path }) => path),
    ]).toEqual([400, ['payment.amount', 'items']]);
    expect((await post(textWith({ filling: 'x'.repeat(128 * 1024) }))).status).toBe(413);
    expect((await post(textWith({ filling: '"'.repeat(60 * 1024) }))).status).toBe(413);
    expect((await get('unknown-document')).status).toBe(404);
    expect((await get('..%2F..%2Forders')).status).toBe(404);
    expect((await get('a%23STATE')).status).toBe(404);
  });

  test('of 128 KB are returned unchanged, and a newer version replaces them', async () => {
    const unfilled = textWith({ order_uid: 'large-document', filling: '' });
    const filling = 'ж'.repeat((128 * 1024 - unfilled.length) / 2);
    const text = unfilled.replace('"filling":""', `"filling":"${filling}"`);
    expect(Buffer.byteLength(text)).toBeGreaterThan(128 * 1024 - 2);
    expect((await post(text)).status).toBe(202);
    expect((await waitForDocument('large-document')).text).toBe(text);
    const newer = textWith({ order_uid: 'large-document', date_created: '2026-02-01T00:00:00Z' });
    expect((await post(newer)).status).toBe(202);
    expect((await post(text)).status).toBe(202);
    await poll(
      () => get('large-document'),
      (document) => document.text === newer,
    );
  });
});
