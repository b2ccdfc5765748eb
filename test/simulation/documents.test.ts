import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OrderDocumentSubmitted } from '../../events/documents/order-document-submitted.ts';
import type { Envelope } from '../../events/envelope.ts';
import { wins } from '../../lambdas/documents/document.ts';
import { parseDocument } from '../../lambdas/documents/parse-document.ts';
import { toIso } from '../../lambdas/shared/runtime/clock.ts';
import { type GeneratedDocument, generateDocuments } from '../../tools/generated-documents.ts';
import { sample, textWith, uid } from '../support/documents.ts';
import { type Faults, Simulation } from '../support/simulation.ts';

const TTL_MS = 360_000;

const post = (world: Simulation, body: string) => world.runUntilDone(world.request('POST /orders', { body }));
const calling = (world: Simulation, order_uid: string) =>
  world.request('GET /api/order/{order_uid}', { path: { order_uid } });
const get = (world: Simulation, order_uid: string) => world.runUntilDone(calling(world, order_uid));
const pass = (world: Simulation, ms: number) => world.runUntilDone(world.clock.sleep(ms));
const typed = (world: Simulation, type: string) => world.published.filter((event) => event.type === type);
const state = (world: Simulation, pk: string) => world.documents.get({ pk, sk: 'STATE' });

/** As an outside publisher puts it onto the bus. */
const submitted = (world: Simulation, { order_uid, text }: GeneratedDocument): Envelope =>
  OrderDocumentSubmitted.make(
    { order_uid, document: text },
    { time: toIso(world.clock.now()), correlation_id: order_uid, causation_id: 'outside' },
  );

/** A world in which a document is in the store, and in nobody's cache or memory any more. */
async function coldWorld(faults: Faults = {}, seed = 1): Promise<Simulation> {
  const world = new Simulation(seed, faults);
  await post(world, textWith());
  await world.settle();
  await pass(world, TTL_MS + 1000);
  world.published.length = 0;
  return world;
}

describe('a document', () => {
  test('is accepted, and soon there for everybody, to the letter', async () => {
    const world = new Simulation();
    expect(await post(world, textWith())).toMatchObject({ status: 202, body: { status: 'accepted', order_uid: uid } });
    await world.settle();
    for (const door of ['GET /api/order/{order_uid}', 'GET /order/{order_uid}']) {
      const reply = await world.runUntilDone(world.request(door, { path: { order_uid: uid } }));
      expect(reply).toMatchObject({ status: 200, text: textWith(), headers: { 'X-Cache': 'hit' } });
      expect(reply.headers['Content-Type']).toBe('application/json');
    }
    expect(typed(world, 'OrderLookupRequested')).toEqual([]);
  });

  test('that is wrong is refused with all of its faults, and nothing is written', async () => {
    const world = new Simulation();
    const reply = await post(world, textWith({ date_created: 'today', payment: { ...sample.payment, amount: 1 } }));
    expect(reply.status).toBe(400);
    expect(reply.body['errors']).toMatchObject([{ path: 'payment.amount' }, { path: 'date_created' }]);
    expect(world.documents.all()).toEqual([]);
  });

  test('whose quotes are too many for an event is refused with 413', async () => {
    const reply = await post(new Simulation(), textWith({ filling: '"'.repeat(60 * 1024) }));
    expect(reply).toMatchObject({ status: 413, body: { code: 'document_too_large' } });
  });

  test('of 128 KB and 500 items comes back as it was', async () => {
    const world = new Simulation();
    const items = Array.from({ length: 500 }, (_, at) => ({ ...sample.items[0], chrt_id: at, rid: '', brand: 'b' }));
    const whole = textWith({ items: items.map((item) => ({ ...item, rid: 'r', track_number: 't', name: 'n' })) });
    const text = whole.replace('"entry":"', `"entry":"${'x'.repeat(128 * 1024 - whole.length)}`);
    expect(Buffer.byteLength(text)).toBe(128 * 1024);
    expect((await post(world, text)).status).toBe(202);
    await world.settle();
    expect((await get(world, uid)).text).toBe(text);
  });

  test('comes back to the letter, whatever it says beside what is checked', async () => {
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
        const world = new Simulation();
        const more = values.map((value, at) => `"more_${at}" : ${value}`).join(',\n');
        const text = `${textWith().slice(0, -1)},${more} }`;
        expect((await post(world, text)).status).toBe(202);
        await world.settle();
        const got = (await get(world, uid)).text;
        expect(got.replaceAll('\\ufffe', '\ufffe').replaceAll('\\uffff', '\uffff')).toBe(text);
        expect(JSON.parse(got)).toEqual(JSON.parse(text));
      }),
      { numRuns: 60 },
    );
  });

  test('sent again by everybody at once is taken in once, and asked after once a minute', async () => {
    const world = new Simulation();
    const replies = await world.runUntilDone(
      Promise.all(Array.from({ length: 50 }, () => world.request('POST /orders', { body: textWith() }))),
    );
    expect(replies.every(({ status }) => status === 202)).toBe(true);
    await world.settle();
    expect(typed(world, 'OrderDocumentSubmitted')).toHaveLength(2);
    expect(await state(world, `DOCUMENT#${uid}`)).toMatchObject({ version: 1 });
    await pass(world, 60_000);
    await post(world, textWith());
    await world.settle();
    expect(typed(world, 'OrderDocumentSubmitted').map(({ nudge }) => nudge)).toEqual([
      undefined,
      '2026-01-01T00:00',
      '2026-01-01T00:01',
    ]);
    expect(await state(world, `DOCUMENT#${uid}`)).toMatchObject({ version: 1 });
  });

  test('whose event was lost is there once it is sent again', async () => {
    const world = new Simulation();
    world.faults.loses = ({ type }) => type === 'OrderDocumentSubmitted';
    await post(world, textWith());
    await world.settle();
    expect((await get(world, uid)).status).toBe(404);
    delete world.faults.loses;
    await post(world, textWith());
    await world.settle();
    expect(await get(world, uid)).toMatchObject({ status: 200, text: textWith() });
  });
});

describe('two texts of one document', () => {
  const older = textWith({ customer_id: 'older' });
  const newer = textWith({ customer_id: 'newer', date_created: '2026-01-01T10:00:00.001Z' });

  test.each([
    ['in their order', [older, newer]],
    ['in reverse', [newer, older]],
    ['in reverse, with repeats', [newer, older, newer, older, older]],
  ])('that come %s end with the newer one on both sides', async (_, texts) => {
    const world = new Simulation();
    for (const text of texts) {
      await post(world, text);
      await world.settle();
    }
    expect(await state(world, `DOCUMENT#${uid}`)).toMatchObject({ document: newer });
    expect(await state(world, `CACHE#${uid}`)).toMatchObject({ document: newer });
    expect((await get(world, uid)).text).toBe(newer);
  });

  test('that reach the cache in reverse end with the newer one there', async () => {
    const world = new Simulation();
    for (const text of [older, newer]) {
      await post(world, text);
      await world.settle();
    }
    const found = typed(world, 'OrderFound');
    expect(found).toHaveLength(2);
    const late = new Simulation();
    for (const event of found.toReversed()) {
      late.deliver(event);
      await late.settle();
    }
    expect(await state(late, `CACHE#${uid}`)).toMatchObject({ document: newer });
  });

  test('of the same moment end with the one of the greater hash, whichever comes last', async () => {
    const texts = [textWith({ customer_id: 'a' }), textWith({ customer_id: 'b' })];
    const ends = await Promise.all(
      [texts, texts.toReversed()].map(async (order) => {
        const world = new Simulation();
        for (const text of order) {
          await post(world, text);
          await world.settle();
        }
        return (await get(world, uid)).text;
      }),
    );
    expect(ends[0]).toBe(ends[1]);
  });

  test('are told apart by a reader within five seconds, though every environment had read the older', async () => {
    const world = new Simulation();
    await post(world, older);
    await world.settle();
    for (let call = 0; call < 8; call++) expect((await get(world, uid)).text).toBe(older);
    await post(world, newer);
    await world.settle();
    await pass(world, 5000);
    for (let call = 0; call < 8; call++) expect((await get(world, uid)).text).toBe(newer);
  });
});

describe('a document that the cache does not have', () => {
  test('is asked for, waited for and found; then it is a hit', async () => {
    const world = await coldWorld();
    const started = world.clock.now();
    expect(await get(world, uid)).toMatchObject({ status: 200, text: textWith(), headers: { 'X-Cache': 'miss' } });
    expect(world.clock.now() - started).toBeLessThan(200);
    await world.settle();
    expect((await get(world, uid)).headers['X-Cache']).toBe('hit');
  });

  test('leaves the conversation about it behind for a day only, and its submission for as long as anything', async () => {
    const world = await coldWorld();
    await get(world, uid);
    await get(world, 'nobody');
    await world.settle();
    const records = world.documents.all().filter(({ sk }) => sk.startsWith('OUTBOX#'));
    const kept = records.map((record) => [JSON.parse(String(record['events']))[0].type, record['ttl_seconds']]);
    expect(kept.sort()).toEqual([
      ['OrderDocumentSubmitted', undefined],
      ['OrderFound', undefined],
      ['OrderFound', 24 * 3600],
      ['OrderLookupRequested', 24 * 3600],
      ['OrderLookupRequested', 24 * 3600],
      ['OrderNotFound', 24 * 3600],
    ]);
  });

  test('is asked for once, however many want it at once', async () => {
    const world = await coldWorld();
    const replies = await world.runUntilDone(Promise.all(Array.from({ length: 200 }, () => calling(world, uid))));
    expect(replies.every(({ status, text }) => status === 200 && text === textWith())).toBe(true);
    await world.settle();
    expect(typed(world, 'OrderLookupRequested')).toHaveLength(1);
    expect(world.queues['order-lookup'].receivedAt).toHaveLength(1);
  });

  test('is promised for later where the store is slow, and there once it has answered', async () => {
    const world = await coldWorld();
    world.queues['order-lookup'].stop();
    const started = world.clock.now();
    expect(await get(world, uid)).toMatchObject({ status: 202, body: { status: 'lookup_queued', order_uid: uid } });
    expect(world.clock.now() - started).toBeLessThan(2050);
    expect((await get(world, uid)).status).toBe(202);
    world.queues['order-lookup'].start();
    await world.settle();
    expect(await get(world, uid)).toMatchObject({ status: 200, headers: { 'X-Cache': 'hit' } });
    expect(typed(world, 'OrderLookupRequested')).toHaveLength(1);
  });

  test('is looked for with few and small reads while nobody answers', async () => {
    const world = await coldWorld();
    world.queues['order-lookup'].stop();
    const read: string[] = [];
    const { get: one, getMany } = world.documents;
    world.documents.get = (key) => {
      read.push(key.sk);
      return one(key);
    };
    world.documents.getMany = (keys) => {
      read.push(...keys.map(({ sk }) => sk));
      return getMany(keys);
    };
    await get(world, uid);
    // at first, before the question, at the end; and once more for the environment is new
    expect(read.filter((sk) => sk === 'STATE')).toHaveLength(4);
    expect(read.filter((sk) => sk === 'LEASE').length).toBeLessThanOrEqual(10);
  });

  test.each(['OrderLookupRequested', 'OrderFound'])('is asked for anew when %s was lost', async (lost) => {
    const world = await coldWorld();
    let losses = 1;
    world.faults.loses = ({ type }) => type === lost && losses-- > 0;
    expect((await get(world, uid)).status).toBe(202);
    await pass(world, 5000);
    expect(await get(world, uid)).toMatchObject({ status: 200, headers: { 'X-Cache': 'miss' } });
    await world.settle();
  });

  test('is asked for by one who waits, as soon as the lease of another has ended', async () => {
    const world = await coldWorld();
    let losses = 1;
    world.faults.loses = ({ type }) => type === 'OrderLookupRequested' && losses-- > 0;
    await get(world, uid);
    await pass(world, 2500);
    expect((await get(world, uid)).status).toBe(200);
  });

  test('that nobody has is unknown, for half a minute without another question', async () => {
    const world = new Simulation();
    for (let call = 0; call < 5; call++)
      expect(await get(world, 'nobody')).toMatchObject({ status: 404, body: { code: 'document_not_found' } });
    await pass(world, 29_000);
    expect((await get(world, 'nobody')).status).toBe(404);
    expect(typed(world, 'OrderLookupRequested').length).toBeLessThanOrEqual(2);
    await pass(world, 31_000);
    expect((await get(world, 'nobody')).status).toBe(404);
    await world.settle();
    expect(typed(world, 'OrderLookupRequested').length).toBeGreaterThan(1);
  });

  test('and is published while it is believed not to be, is there at once', async () => {
    const world = new Simulation();
    expect((await get(world, uid)).status).toBe(404);
    await post(world, textWith());
    await world.settle();
    expect(await get(world, uid)).toMatchObject({ status: 200, text: textWith() });
  });

  test('and is found and not found at once, is found, in whichever order the answers come', async () => {
    const world = new Simulation();
    await get(world, uid);
    await post(world, textWith());
    await world.settle();
    const answers = [...typed(world, 'OrderFound'), ...typed(world, 'OrderNotFound')];
    expect(answers).toHaveLength(2);
    for (const order of [answers, answers.toReversed()]) {
      const late = new Simulation();
      for (const event of order) {
        late.deliver(event);
        await late.settle();
      }
      expect((await get(late, uid)).status).toBe(200);
    }
  });

  test('though taken in at this very moment, is never lost between the two', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const world = new Simulation(seed);
      const [, first] = await world.runUntilDone(
        Promise.all([
          world.request('POST /orders', { body: textWith() }),
          world.clock.sleep(seed).then(() => calling(world, uid)),
        ]),
      );
      expect([200, 404]).toContain(first.status);
      await world.settle();
      expect(await get(world, uid)).toMatchObject({ status: 200, text: textWith() });
    }
  });
});

describe('a row that has expired', () => {
  test('is never served, though nobody has removed it', async () => {
    const world = await coldWorld();
    expect(await state(world, `CACHE#${uid}`)).toMatchObject({ found: true, document: textWith() });
    world.queues['order-lookup'].stop();
    expect((await get(world, uid)).status).toBe(202);
  });

  test('is served until then, and by no memory for longer', async () => {
    const world = new Simulation();
    await post(world, textWith());
    await world.settle();
    const row = await state(world, `CACHE#${uid}`);
    await pass(world, Number(row?.['expires_at']) * 1000 - world.clock.now() - 100);
    for (let call = 0; call < 4; call++) expect((await get(world, uid)).headers['X-Cache']).toBe('hit');
    await pass(world, 100);
    world.queues['order-lookup'].stop();
    for (let call = 0; call < 4; call++) expect((await get(world, uid)).status).toBe(202);
  });

  test('does not live longer for a word of the store that was long under way', async () => {
    const world = new Simulation();
    await post(world, textWith());
    await world.settle();
    const found = typed(world, 'OrderFound');
    await pass(world, TTL_MS);
    const before = await state(world, `CACHE#${uid}`);
    for (const event of found) world.deliver(event);
    await world.settle();
    expect(await state(world, `CACHE#${uid}`)).toEqual(before);
  });
});

test('a new environment begins with the newest documents', async () => {
  const world = new Simulation();
  const documents = generateDocuments({ count: 30, seed: 3 });
  await world.runUntilDone(Promise.all(documents.map(({ text }) => world.request('POST /orders', { body: text }))));
  await world.settle();
  const newest = documents
    .map(({ order_uid, text }) => ({ order_uid, date: String(JSON.parse(text).date_created) }))
    .sort((one, other) => (one.date < other.date ? 1 : -1));
  await get(world, newest.at(-1)?.order_uid ?? '');
  let reads = 0;
  const { get: one } = world.documents;
  world.documents.get = (key) => {
    reads += 1;
    return one(key);
  };
  // the next three calls are of other environments; the fourth is again of the first
  for (let call = 0; call < 3; call++) await get(world, uid);
  reads = 0;
  expect((await get(world, newest[0]?.order_uid ?? '')).status).toBe(200);
  expect(reads).toBe(0);
});

describe('500 documents on the bus, a third of them wrong', () => {
  const all = generateDocuments({ count: 500, seed: 11, badRate: 0.3 });
  const right = all.filter(({ defect }) => defect === undefined);

  /** When each became readable, in ms after all were published at once. */
  async function published(documents: readonly GeneratedDocument[]) {
    const world = new Simulation(5);
    const queue = world.queues['order-documents'];
    const bury = queue.deadLetter.bind(queue);
    queue.deadLetter = async (body, epitaph) => {
      // what sending one message takes on an engine
      await world.clock.sleep(10);
      await bury(body, epitaph);
    };
    const started = world.clock.now();
    const readable = new Map<string, number>();
    const { write } = world.documents;
    world.documents.write = async (writes, token) => {
      await write(writes, token);
      for (const one of writes)
        if (one.op === 'put' && one.row.pk.startsWith('CACHE#') && one.row.sk === 'STATE')
          readable.set(one.row.pk.slice('CACHE#'.length), world.clock.now() - started);
    };
    for (const document of documents) world.deliver(submitted(world, document));
    await world.settle();
    return { world, queue, readable };
  }

  test('all of the right ones are readable, and all of the wrong ones are dead with their faults', async () => {
    const { world, queue, readable } = await published(all);
    expect(all.length - right.length).toBeGreaterThan(100);
    expect([...readable.keys()].sort()).toEqual(right.map(({ order_uid }) => order_uid).sort());
    for (const { order_uid, text } of right) expect((await get(world, order_uid)).text).toBe(text);
    const reasons = new Map(
      queue.dlq.map(({ body, details }) => [JSON.parse(body).data.order_uid as string, details?.reason ?? '']),
    );
    const says: Readonly<Record<string, RegExp>> = {
      'broken JSON': /body: malformed JSON/,
      'missing fields': /delivery: .*; date_created: /,
      'wrong sum': /payment\.amount: not goods_total \+ delivery_cost \+ custom_fee$/,
      'wrong types': /track_number: .*; items: .*; locale: .*; sm_id: /,
    };
    for (const { order_uid, defect = '' } of all.filter(({ defect: fault }) => fault !== undefined))
      expect(reasons.get(order_uid)).toMatch(says[defect] ?? /never/);
    expect(reasons.size).toBe(all.length - right.length);
    expect(queue.dlq.every(({ details }) => details?.receive_count === 1)).toBe(true);
  });

  test('none of the right ones is later for the wrong ones by more than a second', async () => {
    const [among, alone] = [await published(all), await published(right)];
    const delays = right.map(
      ({ order_uid }) => Number(among.readable.get(order_uid)) - Number(alone.readable.get(order_uid)),
    );
    expect(Math.max(...delays)).toBeLessThan(1000);
  });
});

describe.each([1, 2, 3])('under every fault there is (seed %i)', (seed) => {
  test('both sides end with the winners, and every document can be read', async () => {
    const chaos = {
      publish_failure: 0.3,
      transaction_conflict: 0.3,
      consumer_crash_before: 0.05,
      consumer_crash_after: 0.05,
      duplicate: 0.2,
      latency_ms: 20,
    };
    const world = new Simulation(seed, { chaos, lostAcks: 0.05, indexLagMs: 500 });
    const first = generateDocuments({ count: 40, seed });
    const edited = first.map(({ order_uid, text }) => ({
      order_uid,
      text: text.replace(/"date_created":"[^"]*"/, `"date_created":"2026-01-0${1 + (seed % 3)}T00:00:00Z"`),
    }));
    const calls = [...first, ...edited, ...first].map(async ({ order_uid, text }, at) => {
      await world.clock.sleep(at * 7);
      const reply = await world.request('POST /orders', { body: text });
      expect([202, 503]).toContain(reply.status);
      return (await calling(world, order_uid)).status;
    });
    for (const status of await world.runUntilDone(Promise.all(calls))) expect([200, 202, 404, 503]).toContain(status);
    await world.settle();
    for (const { order_uid, text } of edited) {
      expect(await state(world, `DOCUMENT#${order_uid}`)).toMatchObject({ document: text });
      expect(await state(world, `CACHE#${order_uid}`)).toMatchObject({ document: text });
    }
    await pass(world, 5000);
    for (const { order_uid, text } of edited) expect(await get(world, order_uid)).toMatchObject({ status: 200, text });
    // five crashes or lost acknowledgements in a row bury a message as well, and nothing else does
    const reasons = Object.values(world.queues).flatMap(({ dlq }) => dlq.map(({ details }) => details?.reason ?? ''));
    expect(reasons.filter((reason) => reason !== '' && !reason.includes('chaos: crashed'))).toEqual([]);
  });
});

test('texts of one document that cross, with answers lost, repeated and late, end with one winner on both sides', async () => {
  const dates = [
    '2026-01-01T10:00:00Z',
    '2026-01-01T12:00:00.5+02:00',
    '2026-01-01T05:00:00.50-05:00',
    '2026-01-01T00:00:00Z',
  ];
  for (let seed = 1; seed <= 60; seed++) {
    const world = new Simulation(seed, {
      chaos: { publish_failure: 0.2, transaction_conflict: 0.2, duplicate: 0.3 },
      lostAcks: 0.05,
    });
    const { clock } = world;
    const one = <T>(of: readonly T[]) => of[Math.floor(clock.random() * of.length)];
    world.faults.loses = ({ type }) => type !== 'OrderDocumentSubmitted' && clock.random() < 0.3;
    const texts = ['a', 'b', 'c', 'd'].map((customer_id) => textWith({ customer_id, date_created: one(dates) }));
    const said = Array.from({ length: 25 }, async () => {
      await clock.sleep(clock.random() * (seed % 2 === 0 ? 3000 : 500_000));
      const dice = clock.random();
      const late = one(world.published);
      if (dice < 0.3) await world.request('POST /orders', { body: one(texts) });
      else if (dice < 0.5 && late) world.deliver(late);
      else {
        const { status, text } = await calling(world, uid);
        expect([200, 202, 404]).toContain(status);
        if (status === 200) expect(texts).toContain(text);
      }
    });
    await world.runUntilDone(Promise.all(said));
    for (const text of texts) await post(world, text);
    await world.settle();
    delete world.faults.loses;
    await pass(world, TTL_MS + 1000);
    const winner = texts.map(parseDocument).reduce((best, next) => (wins(next, best) ? next : best)).document;
    expect(await get(world, uid)).toMatchObject({ status: 200, text: winner });
    expect(await state(world, `DOCUMENT#${uid}`)).toMatchObject({ document: winner });
    expect(await state(world, `CACHE#${uid}`)).toMatchObject({ document: winner });
  }
});
