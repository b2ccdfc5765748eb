import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OrderDocumentSubmitted } from '../../events/documents/order-document-submitted.ts';
import type { Envelope } from '../../events/envelope.ts';
import { isNewer } from '../../lambdas/documents/document.ts';
import { parseDocument } from '../../lambdas/documents/parse-document.ts';
import { toIso } from '../../lambdas/shared/runtime/clock.ts';
import { keyOfWrite } from '../../lambdas/shared/store/store.ts';
import { type GeneratedDocument, generateDocuments } from '../../tools/generated-documents.ts';
import { sample, textWith, uid } from '../support/documents.ts';
import { type Faults, Simulation } from '../support/simulation.ts';

const TTL_MS = 360_000;

const post = (simulation: Simulation, body: string) =>
  simulation.runUntilDone(simulation.request('POST /orders', { body }));
/** Requests a document without advancing the clock, so that several calls can run concurrently. */
const startGet = (simulation: Simulation, order_uid: string) =>
  simulation.request('GET /api/order/{order_uid}', { path: { order_uid } });
const get = (simulation: Simulation, order_uid: string) => simulation.runUntilDone(startGet(simulation, order_uid));
const passTime = (simulation: Simulation, ms: number) => simulation.runUntilDone(simulation.clock.sleep(ms));
const publishedOfType = (simulation: Simulation, type: string) =>
  simulation.published.filter((event) => event.type === type);
const stateRow = (simulation: Simulation, pk: string) => simulation.documents.get({ pk, sk: 'STATE' });

/** Creates the event that an outside publisher puts on the bus. */
const documentSubmitted = (simulation: Simulation, { order_uid, text }: GeneratedDocument): Envelope =>
  OrderDocumentSubmitted.make(
    { order_uid, document: text },
    { time: toIso(simulation.clock.now()), correlation_id: order_uid, causation_id: 'outside' },
  );

/** Creates a simulation whose store side has the sample document, while cache and memories have expired. */
async function createColdSimulation(faults: Faults = {}, seed = 1): Promise<Simulation> {
  const simulation = new Simulation(seed, faults);
  await post(simulation, textWith());
  await simulation.settle();
  await passTime(simulation, TTL_MS + 1000);
  simulation.published.length = 0;
  return simulation;
}

describe('a document', () => {
  test('is accepted, and then returned unchanged by both routes', async () => {
    const simulation = new Simulation();
    expect(await post(simulation, textWith())).toMatchObject({
      status: 202,
      body: { status: 'accepted', order_uid: uid },
    });
    await simulation.settle();
    for (const route of ['GET /api/order/{order_uid}', 'GET /order/{order_uid}']) {
      const response = await simulation.runUntilDone(simulation.request(route, { path: { order_uid: uid } }));
      expect(response).toMatchObject({ status: 200, text: textWith(), headers: { 'X-Cache': 'hit' } });
      expect(response.headers['Content-Type']).toBe('application/json');
    }
    expect(publishedOfType(simulation, 'OrderLookupRequested')).toEqual([]);
  });

  test('is rejected with all of its errors if it is invalid, and nothing is written', async () => {
    const simulation = new Simulation();
    const response = await post(
      simulation,
      textWith({ date_created: 'today', payment: { ...sample.payment, amount: 1 } }),
    );
    expect(response.status).toBe(400);
    expect(response.body['errors']).toMatchObject([{ path: 'payment.amount' }, { path: 'date_created' }]);
    expect(simulation.documents.all()).toEqual([]);
  });

  test('is rejected with 413 if it is too large for an event with its quotes escaped', async () => {
    const response = await post(new Simulation(), textWith({ filling: '"'.repeat(60 * 1024) }));
    expect(response).toMatchObject({ status: 413, body: { code: 'document_too_large' } });
  });

  test('of 128 KB and 500 items is returned unchanged', async () => {
    const simulation = new Simulation();
    const shortFields = { rid: 'r', track_number: 't', name: 'n', brand: 'b' };
    const items = Array.from({ length: 500 }, (_, index) => ({ ...sample.items[0], chrt_id: index, ...shortFields }));
    const unfilled = textWith({ items });
    const text = unfilled.replace('"entry":"', `"entry":"${'x'.repeat(128 * 1024 - unfilled.length)}`);
    expect(Buffer.byteLength(text)).toBe(128 * 1024);
    expect((await post(simulation, text)).status).toBe(202);
    await simulation.settle();
    expect((await get(simulation, uid)).text).toBe(text);
  });

  test('is returned unchanged, with any undeclared fields', async () => {
    const number = fc.oneof(
      fc.bigInt().map(String),
      fc.constantFrom('1e400', '-0', '0.1000000000000000055', '1E+2', '90071992547409930001'),
    );
    const string = fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text));
    const leaf = fc.oneof(number, string, fc.constantFrom('null', 'true', '[]', '{}', '"\\ud800"', '"\\u0041"'));
    const nested = fc
      .tuple(leaf, fc.integer({ min: 0, max: 17 }))
      .map(([value, depth]) => `${'[{"a":'.repeat(depth / 2)}${value}${'}]'.repeat(depth / 2)}`);
    await fc.assert(
      fc.asyncProperty(fc.array(nested, { minLength: 1, maxLength: 4 }), async (values) => {
        const simulation = new Simulation();
        const fields = values.map((value, index) => `"more_${index}" : ${value}`).join(',\n');
        const text = `${textWith().slice(0, -1)},${fields} }`;
        expect((await post(simulation, text)).status).toBe(202);
        await simulation.settle();
        const returned = (await get(simulation, uid)).text;
        expect(returned.replaceAll('\\ufffe', '\ufffe').replaceAll('\\uffff', '\uffff')).toBe(text);
        expect(JSON.parse(returned)).toEqual(JSON.parse(text));
      }),
      { numRuns: 60 },
    );
  });

  test('is stored once if it is submitted again, and nudged at most once per minute', async () => {
    const simulation = new Simulation();
    const responses = await simulation.runUntilDone(
      Promise.all(Array.from({ length: 50 }, () => simulation.request('POST /orders', { body: textWith() }))),
    );
    expect(responses.every(({ status }) => status === 202)).toBe(true);
    await simulation.settle();
    expect(publishedOfType(simulation, 'OrderDocumentSubmitted')).toHaveLength(2);
    expect(await stateRow(simulation, `DOCUMENT#${uid}`)).toMatchObject({ version: 1 });
    await passTime(simulation, 60_000);
    await post(simulation, textWith());
    await simulation.settle();
    expect(publishedOfType(simulation, 'OrderDocumentSubmitted').map(({ nudge }) => nudge)).toEqual([
      undefined,
      '2026-01-01T00:00',
      '2026-01-01T00:01',
    ]);
    expect(await stateRow(simulation, `DOCUMENT#${uid}`)).toMatchObject({ version: 1 });
  });

  test('is found after it is submitted again, if the first event was lost', async () => {
    const simulation = new Simulation();
    simulation.faults.loses = ({ type }) => type === 'OrderDocumentSubmitted';
    await post(simulation, textWith());
    await simulation.settle();
    expect((await get(simulation, uid)).status).toBe(404);
    delete simulation.faults.loses;
    await post(simulation, textWith());
    await simulation.settle();
    expect(await get(simulation, uid)).toMatchObject({ status: 200, text: textWith() });
  });
});

describe('two versions of a document', () => {
  const older = textWith({ customer_id: 'older' });
  const newer = textWith({ customer_id: 'newer', date_created: '2026-01-01T10:00:00.001Z' });

  test.each([
    ['in order', [older, newer]],
    ['in reverse', [newer, older]],
    ['in reverse with duplicates', [newer, older, newer, older, older]],
  ])('submitted %s leave the newer one on both sides', async (_, texts) => {
    const simulation = new Simulation();
    for (const text of texts) {
      await post(simulation, text);
      await simulation.settle();
    }
    expect(await stateRow(simulation, `DOCUMENT#${uid}`)).toMatchObject({ document: newer });
    expect(await stateRow(simulation, `CACHE#${uid}`)).toMatchObject({ document: newer });
    expect((await get(simulation, uid)).text).toBe(newer);
  });

  test('leave the newer one in the cache, if their answers arrive in reverse', async () => {
    const simulation = new Simulation();
    for (const text of [older, newer]) {
      await post(simulation, text);
      await simulation.settle();
    }
    const found = publishedOfType(simulation, 'OrderFound');
    expect(found).toHaveLength(2);
    const reversed = new Simulation();
    for (const event of found.toReversed()) {
      reversed.deliver(event);
      await reversed.settle();
    }
    expect(await stateRow(reversed, `CACHE#${uid}`)).toMatchObject({ document: newer });
  });

  test('of the same date leave the one with the greater hash, in any order', async () => {
    const texts = [textWith({ customer_id: 'a' }), textWith({ customer_id: 'b' })];
    const results = await Promise.all(
      [texts, texts.toReversed()].map(async (submissions) => {
        const simulation = new Simulation();
        for (const text of submissions) {
          await post(simulation, text);
          await simulation.settle();
        }
        return (await get(simulation, uid)).text;
      }),
    );
    expect(results[0]).toBe(results[1]);
  });

  test('leave the newer one with every reader after five seconds, although all environments had cached the older', async () => {
    const simulation = new Simulation();
    await post(simulation, older);
    await simulation.settle();
    for (let call = 0; call < 8; call++) expect((await get(simulation, uid)).text).toBe(older);
    await post(simulation, newer);
    await simulation.settle();
    await passTime(simulation, 5000);
    for (let call = 0; call < 8; call++) expect((await get(simulation, uid)).text).toBe(newer);
  });
});

describe('a document that is not cached', () => {
  test('is found by a lookup, and then by a cache hit', async () => {
    const simulation = await createColdSimulation();
    const startedAt = simulation.clock.now();
    expect(await get(simulation, uid)).toMatchObject({ status: 200, text: textWith(), headers: { 'X-Cache': 'miss' } });
    expect(simulation.clock.now() - startedAt).toBeLessThan(200);
    await simulation.settle();
    expect((await get(simulation, uid)).headers['X-Cache']).toBe('hit');
  });

  test('leaves the outbox records of its lookup for one day, and those of its submission for the default time', async () => {
    const simulation = await createColdSimulation();
    await get(simulation, uid);
    await get(simulation, 'unknown');
    await simulation.settle();
    const records = simulation.documents.all().filter(({ sk }) => sk.startsWith('OUTBOX#'));
    const ttls = records.map((record) => [JSON.parse(String(record['events']))[0].type, record['ttl_seconds']]);
    expect(ttls.sort()).toEqual([
      ['OrderDocumentSubmitted', undefined],
      ['OrderFound', undefined],
      ['OrderFound', 24 * 3600],
      ['OrderLookupRequested', 24 * 3600],
      ['OrderLookupRequested', 24 * 3600],
      ['OrderNotFound', 24 * 3600],
    ]);
  });

  test('causes one lookup for many concurrent readers', async () => {
    const simulation = await createColdSimulation();
    const responses = await simulation.runUntilDone(
      Promise.all(Array.from({ length: 200 }, () => startGet(simulation, uid))),
    );
    expect(responses.every(({ status, text }) => status === 200 && text === textWith())).toBe(true);
    await simulation.settle();
    expect(publishedOfType(simulation, 'OrderLookupRequested')).toHaveLength(1);
    expect(simulation.queues['order-lookup'].receives).toHaveLength(1);
  });

  test('returns 202 while the lookup is not answered, and the document afterwards', async () => {
    const simulation = await createColdSimulation();
    simulation.queues['order-lookup'].stop();
    const startedAt = simulation.clock.now();
    expect(await get(simulation, uid)).toMatchObject({
      status: 202,
      body: { status: 'lookup_queued', order_uid: uid },
    });
    expect(simulation.clock.now() - startedAt).toBeLessThan(2050);
    expect((await get(simulation, uid)).status).toBe(202);
    simulation.queues['order-lookup'].start();
    await simulation.settle();
    expect(await get(simulation, uid)).toMatchObject({ status: 200, headers: { 'X-Cache': 'hit' } });
    expect(publishedOfType(simulation, 'OrderLookupRequested')).toHaveLength(1);
  });

  test('causes few reads, mostly of the small lease, while the lookup is not answered', async () => {
    const simulation = await createColdSimulation();
    simulation.queues['order-lookup'].stop();
    const reads: string[] = [];
    const { get: getRow, getMany: getRows } = simulation.documents;
    simulation.documents.get = (key) => {
      reads.push(key.sk);
      return getRow(key);
    };
    simulation.documents.getMany = (keys) => {
      reads.push(...keys.map(({ sk }) => sk));
      return getRows(keys);
    };
    await get(simulation, uid);
    // First, before the lookup is requested, and at the end; and once for the warm-up of the new environment.
    expect(reads.filter((sk) => sk === 'STATE')).toHaveLength(4);
    expect(reads.filter((sk) => sk === 'LEASE').length).toBeLessThanOrEqual(10);
  });

  test.each(['OrderLookupRequested', 'OrderFound'])('causes another lookup after %s was lost', async (lostType) => {
    const simulation = await createColdSimulation();
    let lossesLeft = 1;
    simulation.faults.loses = ({ type }) => type === lostType && lossesLeft-- > 0;
    expect((await get(simulation, uid)).status).toBe(202);
    await passTime(simulation, 5000);
    expect(await get(simulation, uid)).toMatchObject({ status: 200, headers: { 'X-Cache': 'miss' } });
    await simulation.settle();
  });

  test('causes another lookup by a waiting reader as soon as the lease of the first one has ended', async () => {
    const simulation = await createColdSimulation();
    let lossesLeft = 1;
    simulation.faults.loses = ({ type }) => type === 'OrderLookupRequested' && lossesLeft-- > 0;
    await get(simulation, uid);
    await passTime(simulation, 2500);
    expect((await get(simulation, uid)).status).toBe(200);
  });

  test('returns 404 if it does not exist, without another lookup for 30 seconds', async () => {
    const simulation = new Simulation();
    for (let call = 0; call < 5; call++)
      expect(await get(simulation, 'unknown')).toMatchObject({ status: 404, body: { code: 'document_not_found' } });
    await passTime(simulation, 29_000);
    expect((await get(simulation, 'unknown')).status).toBe(404);
    expect(publishedOfType(simulation, 'OrderLookupRequested').length).toBeLessThanOrEqual(2);
    await passTime(simulation, 31_000);
    expect((await get(simulation, 'unknown')).status).toBe(404);
    await simulation.settle();
    expect(publishedOfType(simulation, 'OrderLookupRequested').length).toBeGreaterThan(1);
  });

  test('is found after it is submitted, although the cache has "not found"', async () => {
    const simulation = new Simulation();
    expect((await get(simulation, uid)).status).toBe(404);
    await post(simulation, textWith());
    await simulation.settle();
    expect(await get(simulation, uid)).toMatchObject({ status: 200, text: textWith() });
  });

  test('is found if both answers arrive, "found" and "not found", in any order', async () => {
    const simulation = new Simulation();
    await get(simulation, uid);
    await post(simulation, textWith());
    await simulation.settle();
    const answers = [...publishedOfType(simulation, 'OrderFound'), ...publishedOfType(simulation, 'OrderNotFound')];
    expect(answers).toHaveLength(2);
    for (const delivery of [answers, answers.toReversed()]) {
      const receiver = new Simulation();
      for (const event of delivery) {
        receiver.deliver(event);
        await receiver.settle();
      }
      expect((await get(receiver, uid)).status).toBe(200);
    }
  });

  test('is found after a lookup and a submission at the same time', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const simulation = new Simulation(seed);
      const [, first] = await simulation.runUntilDone(
        Promise.all([
          simulation.request('POST /orders', { body: textWith() }),
          simulation.clock.sleep(seed).then(() => startGet(simulation, uid)),
        ]),
      );
      expect([200, 404]).toContain(first.status);
      await simulation.settle();
      expect(await get(simulation, uid)).toMatchObject({ status: 200, text: textWith() });
    }
  });
});

describe('an expired cache row', () => {
  test('is not served, although it is not deleted yet', async () => {
    const simulation = await createColdSimulation();
    expect(await stateRow(simulation, `CACHE#${uid}`)).toMatchObject({ found: true, document: textWith() });
    simulation.queues['order-lookup'].stop();
    expect((await get(simulation, uid)).status).toBe(202);
  });

  test('is served until its expiry, and not longer by the document memory', async () => {
    const simulation = new Simulation();
    await post(simulation, textWith());
    await simulation.settle();
    const row = await stateRow(simulation, `CACHE#${uid}`);
    await passTime(simulation, Number(row?.['expires_at']) * 1000 - simulation.clock.now() - 100);
    for (let call = 0; call < 4; call++) expect((await get(simulation, uid)).headers['X-Cache']).toBe('hit');
    await passTime(simulation, 100);
    simulation.queues['order-lookup'].stop();
    for (let call = 0; call < 4; call++) expect((await get(simulation, uid)).status).toBe(202);
  });

  test('is not extended by a delayed answer', async () => {
    const simulation = new Simulation();
    await post(simulation, textWith());
    await simulation.settle();
    const found = publishedOfType(simulation, 'OrderFound');
    await passTime(simulation, TTL_MS);
    const before = await stateRow(simulation, `CACHE#${uid}`);
    for (const event of found) simulation.deliver(event);
    await simulation.settle();
    expect(await stateRow(simulation, `CACHE#${uid}`)).toEqual(before);
  });
});

test('a new execution environment loads the newest documents', async () => {
  const simulation = new Simulation();
  const documents = generateDocuments({ count: 30, seed: 3 });
  await simulation.runUntilDone(
    Promise.all(documents.map(({ text }) => simulation.request('POST /orders', { body: text }))),
  );
  await simulation.settle();
  const newest = documents
    .map(({ order_uid, text }) => ({ order_uid, date: String(JSON.parse(text).date_created) }))
    .sort((a, b) => (a.date < b.date ? 1 : -1));
  await get(simulation, newest.at(-1)?.order_uid ?? '');
  let reads = 0;
  const { get: getRow } = simulation.documents;
  simulation.documents.get = (key) => {
    reads += 1;
    return getRow(key);
  };
  // The next three calls reach other environments. The fourth call reaches the first one again.
  for (let call = 0; call < 3; call++) await get(simulation, uid);
  reads = 0;
  expect((await get(simulation, newest[0]?.order_uid ?? '')).status).toBe(200);
  expect(reads).toBe(0);
});

describe('500 documents on the bus, 30 % of them invalid', () => {
  const all = generateDocuments({ count: 500, seed: 11, badRate: 0.3 });
  const valid = all.filter(({ defect }) => defect === undefined);

  /** Publishes all documents at once. `readableMs` is the time after which each was in the cache. */
  async function publish(documents: readonly GeneratedDocument[]) {
    const simulation = new Simulation(5);
    const queue = simulation.queues['order-documents'];
    const deadLetter = queue.deadLetter.bind(queue);
    queue.deadLetter = async (body, details) => {
      // Sending one message takes about this time on an engine.
      await simulation.clock.sleep(10);
      await deadLetter(body, details);
    };
    const startedAt = simulation.clock.now();
    const readableMs = new Map<string, number>();
    const { write } = simulation.documents;
    simulation.documents.write = async (writes, token) => {
      await write(writes, token);
      for (const { pk, sk } of writes.map(keyOfWrite))
        if (pk.startsWith('CACHE#') && sk === 'STATE')
          readableMs.set(pk.slice('CACHE#'.length), simulation.clock.now() - startedAt);
    };
    for (const document of documents) simulation.deliver(documentSubmitted(simulation, document));
    await simulation.settle();
    return { simulation, queue, readableMs };
  }

  test('end with all valid documents readable, and all invalid ones dead-lettered with their errors', async () => {
    const { simulation, queue, readableMs } = await publish(all);
    expect(all.length - valid.length).toBeGreaterThan(100);
    expect([...readableMs.keys()].sort()).toEqual(valid.map(({ order_uid }) => order_uid).sort());
    for (const { order_uid, text } of valid) expect((await get(simulation, order_uid)).text).toBe(text);
    const reasons = new Map(
      queue.dlq.map(({ body, details }) => [JSON.parse(body).data.order_uid as string, details?.reason ?? '']),
    );
    const expectedReasons: Readonly<Record<string, RegExp>> = {
      'broken JSON': /body: malformed JSON/,
      'missing fields': /delivery: .*; date_created: /,
      'wrong sum': /payment\.amount: must equal goods_total \+ delivery_cost \+ custom_fee$/,
      'wrong types': /track_number: .*; items: .*; locale: .*; sm_id: /,
    };
    for (const { order_uid, defect } of all)
      if (defect !== undefined) expect(reasons.get(order_uid)).toMatch(expectedReasons[defect] ?? /never/);
    expect(reasons.size).toBe(all.length - valid.length);
    expect(queue.dlq.every(({ details }) => details?.receive_count === 1)).toBe(true);
  });

  test('delay no valid document by more than one second because of the invalid ones', async () => {
    const [mixed, alone] = [await publish(all), await publish(valid)];
    const delays = valid.map(
      ({ order_uid }) => Number(mixed.readableMs.get(order_uid)) - Number(alone.readableMs.get(order_uid)),
    );
    expect(Math.max(...delays)).toBeLessThan(1000);
  });
});

describe.each([1, 2, 3])('with all faults at once (seed %i)', (seed) => {
  test('both sides end with the newest versions, and every document can be read', async () => {
    const chaos = {
      publish_failure: 0.3,
      transaction_conflict: 0.3,
      consumer_crash_before: 0.05,
      consumer_crash_after: 0.05,
      duplicate: 0.2,
      latency_ms: 20,
    };
    const simulation = new Simulation(seed, { chaos, lostAckRate: 0.05, indexLagMs: 500 });
    const originals = generateDocuments({ count: 40, seed });
    const edited = originals.map(({ order_uid, text }) => ({
      order_uid,
      text: text.replace(/"date_created":"[^"]*"/, `"date_created":"2026-01-0${1 + (seed % 3)}T00:00:00Z"`),
    }));
    const calls = [...originals, ...edited, ...originals].map(async ({ order_uid, text }, index) => {
      await simulation.clock.sleep(index * 7);
      const response = await simulation.request('POST /orders', { body: text });
      expect([202, 503]).toContain(response.status);
      return (await startGet(simulation, order_uid)).status;
    });
    for (const status of await simulation.runUntilDone(Promise.all(calls)))
      expect([200, 202, 404, 503]).toContain(status);
    await simulation.settle();
    for (const { order_uid, text } of edited) {
      expect(await stateRow(simulation, `DOCUMENT#${order_uid}`)).toMatchObject({ document: text });
      expect(await stateRow(simulation, `CACHE#${order_uid}`)).toMatchObject({ document: text });
    }
    await passTime(simulation, 5000);
    for (const { order_uid, text } of edited)
      expect(await get(simulation, order_uid)).toMatchObject({ status: 200, text });
    // A message is also dead-lettered after five crashes or lost acknowledgements in a row, but for no other reason.
    const reasons = Object.values(simulation.queues).flatMap(({ dlq }) =>
      dlq.map(({ details }) => details?.reason ?? ''),
    );
    expect(reasons.filter((reason) => reason !== '' && !reason.includes('chaos: crashed'))).toEqual([]);
  });
});

test('concurrent versions, with lost, duplicate and late answers, end with the same version on both sides', async () => {
  const dates = [
    '2026-01-01T10:00:00Z',
    '2026-01-01T12:00:00.5+02:00',
    '2026-01-01T05:00:00.50-05:00',
    '2026-01-01T00:00:00Z',
  ];
  for (let seed = 1; seed <= 60; seed++) {
    const simulation = new Simulation(seed, {
      chaos: { publish_failure: 0.2, transaction_conflict: 0.2, duplicate: 0.3 },
      lostAckRate: 0.05,
    });
    const { clock } = simulation;
    const pick = <T>(values: readonly T[]) => values[Math.floor(clock.random() * values.length)];
    simulation.faults.loses = ({ type }) => type !== 'OrderDocumentSubmitted' && clock.random() < 0.3;
    const texts = ['a', 'b', 'c', 'd'].map((customer_id) => textWith({ customer_id, date_created: pick(dates) }));
    const actions = Array.from({ length: 25 }, async () => {
      await clock.sleep(clock.random() * (seed % 2 === 0 ? 3000 : 500_000));
      const choice = clock.random();
      const lateEvent = pick(simulation.published);
      if (choice < 0.3) await simulation.request('POST /orders', { body: pick(texts) });
      else if (choice < 0.5 && lateEvent) simulation.deliver(lateEvent);
      else {
        const { status, text } = await startGet(simulation, uid);
        expect([200, 202, 404]).toContain(status);
        if (status === 200) expect(texts).toContain(text);
      }
    });
    await simulation.runUntilDone(Promise.all(actions));
    for (const text of texts) await post(simulation, text);
    await simulation.settle();
    delete simulation.faults.loses;
    await passTime(simulation, TTL_MS + 1000);
    const newest = texts.map(parseDocument).reduce((a, b) => (isNewer(b, a) ? b : a)).document;
    expect(await get(simulation, uid)).toMatchObject({ status: 200, text: newest });
    expect(await stateRow(simulation, `DOCUMENT#${uid}`)).toMatchObject({ document: newest });
    expect(await stateRow(simulation, `CACHE#${uid}`)).toMatchObject({ document: newest });
  }
});
