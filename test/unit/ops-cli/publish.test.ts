import { describe, expect, test } from 'vitest';
import { type MadeUp, madeUpDocuments } from '../../../bin/ops/made-up-documents.ts';
import { inWords } from '../../../bin/ops/publish.ts';
import { byBus, byHttp } from '../../../bin/ops/publisher.ts';
import type { Envelope } from '../../../events/envelope.ts';
import { hashOfText, seal } from '../../../lambdas/documents/sealing.ts';
import { steppingClock } from '../kit.ts';

const never = new AbortController().signal;
const ignore = () => undefined;

describe('made-up documents', () => {
  test('pass every check, each under a UID of its own', () => {
    const documents = madeUpDocuments({ count: 300, seed: 1 });
    for (const { order_uid, text, wrong } of documents) {
      expect(wrong).toBeUndefined();
      expect(seal(text).order_uid).toBe(order_uid);
    }
    expect(new Set(documents.map(({ order_uid }) => order_uid)).size).toBe(300);
    expect(documents.some(({ text }) => text.includes('"ledger_ref":9007199254740993'))).toBe(true);
  });

  test('are the same for the same seed, however many are asked for, and others for another', () => {
    expect(madeUpDocuments({ count: 3, seed: 7 })).toEqual(madeUpDocuments({ count: 9, seed: 7 }).slice(0, 3));
    expect(madeUpDocuments({ count: 3, seed: 7 })).not.toEqual(madeUpDocuments({ count: 3, seed: 8 }));
  });

  test('are wrong by rate, in every way there is, and then pass no check', () => {
    const wrong = madeUpDocuments({ count: 500, seed: 1, badRate: 0.3 }).filter((one) => one.wrong !== undefined);
    expect(wrong.length).toBeGreaterThan(110);
    expect(wrong.length).toBeLessThan(190);
    expect(new Set(wrong.map((one) => one.wrong))).toEqual(
      new Set(['broken JSON', 'missing fields', 'wrong sum', 'wrong types']),
    );
    for (const { text } of wrong) expect(() => seal(text)).toThrow('the request is not valid');
    expect(madeUpDocuments({ count: 20, seed: 1, badRate: 1 }).every((one) => one.wrong !== undefined)).toBe(true);
  });
});

describe('publishing by HTTP', () => {
  const reply = (status: number) => ({ url: 'http://x/orders', status, text: '' });
  const documents = madeUpDocuments({ count: 20, seed: 2, badRate: 0.3 });
  const statusOf = (body: string) => {
    try {
      return seal(body) && 202;
    } catch {
      return 400;
    }
  };

  test('sends each once, as its text, and says how far it is', async () => {
    const sent: string[] = [];
    const progress: number[] = [];
    const publish = byHttp(async (_method, _path, body) => {
      sent.push(body);
      return reply(statusOf(body));
    }, steppingClock());
    expect(await publish(documents, never, (done) => progress.push(done))).toEqual(documents);
    expect(sent.sort()).toEqual(documents.map(({ text }) => text).sort());
    expect(progress.at(-1)).toBe(20);
  });

  test('asks a busy door again', async () => {
    let busy = 3;
    const publish = byHttp(async (_method, _path, body) => reply(busy-- > 0 ? 503 : statusOf(body)), steppingClock());
    expect(await publish(documents, never, ignore)).toHaveLength(20);
  });

  test.each([
    [500, 'answers 500 to a document with nothing wrong'],
    [400, 'answers 400 to a document with nothing wrong'],
  ])('stops where a right document is answered %i', async (status, says) => {
    const right: MadeUp[] = madeUpDocuments({ count: 1, seed: 2 });
    await expect(byHttp(async () => reply(status), steppingClock())(right, never, ignore)).rejects.toThrow(says);
  });

  test('stops where a wrong document is taken', async () => {
    const wrong = madeUpDocuments({ count: 1, seed: 2, badRate: 1 });
    await expect(byHttp(async () => reply(202), steppingClock())(wrong, never, ignore)).rejects.toThrow('answers 202');
  });
});

describe('publishing onto the bus', () => {
  test('wraps each text, right or wrong, into our envelope', async () => {
    const taken: Envelope[] = [];
    const documents = madeUpDocuments({ count: 120, seed: 3, badRate: 0.5 });
    const publish = byBus(async (events) => {
      taken.push(...events);
      return events.map(() => undefined);
    }, steppingClock());
    expect(await publish(documents, never, ignore)).toEqual(documents);
    expect(taken.map(({ data }) => data)).toEqual(
      documents.map(({ order_uid, text }) => ({ order_uid, document: text, hash: hashOfText(text) })),
    );
    expect(new Set(taken.map(({ id }) => id)).size).toBe(120);
  });

  test('stops where the bus refuses for good', async () => {
    const publish = byBus(async (events) => events.map(() => 'away'), steppingClock());
    await expect(publish(madeUpDocuments({ count: 5, seed: 3 }), never, ignore)).rejects.toThrow(
      'The bus took 0 documents and refused 5.',
    );
  });
});

test('what was published is told by its UIDs, and only what is right', () => {
  const documents = madeUpDocuments({ count: 3, seed: 1 });
  const uids = documents.map(({ order_uid }) => order_uid);
  const lines = ['--- Published Order UIDs ---', ...uids, '--------------------------'];
  expect(inWords(uids, documents).split('\n')).toEqual(lines);
  expect(inWords(uids.slice(1), documents).split('\n').at(-1)).toBe('wrong on purpose besides: 1');
});
