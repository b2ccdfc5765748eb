import { describe, expect, test } from 'vitest';
import { formatUids } from '../../../bin/ops/publish.ts';
import type { Envelope } from '../../../events/envelope.ts';
import { hashOfText, parseDocument } from '../../../lambdas/documents/parse-document.ts';
import { createBusPublisher, createHttpPublisher } from '../../../tools/document-publisher.ts';
import { type GeneratedDocument, generateDocuments } from '../../../tools/generated-documents.ts';
import { createSteppingClock } from '../../support/fixtures.ts';

const never = new AbortController().signal;
const ignore = () => undefined;

describe('made-up documents', () => {
  test('pass every check, each under a UID of its own', () => {
    const documents = generateDocuments({ count: 300, seed: 1 });
    for (const { order_uid, text, defect } of documents) {
      expect(defect).toBeUndefined();
      expect(parseDocument(text).order_uid).toBe(order_uid);
    }
    expect(new Set(documents.map(({ order_uid }) => order_uid)).size).toBe(300);
    expect(documents.some(({ text }) => text.includes('"ledger_ref":9007199254740993'))).toBe(true);
  });

  test('are the same for the same seed, however many are asked for, and others for another', () => {
    expect(generateDocuments({ count: 3, seed: 7 })).toEqual(generateDocuments({ count: 9, seed: 7 }).slice(0, 3));
    expect(generateDocuments({ count: 3, seed: 7 })).not.toEqual(generateDocuments({ count: 3, seed: 8 }));
  });

  test('are wrong by rate, in every way there is, and then pass no check', () => {
    const wrong = generateDocuments({ count: 500, seed: 1, badRate: 0.3 }).filter((one) => one.defect !== undefined);
    expect(wrong.length).toBeGreaterThan(110);
    expect(wrong.length).toBeLessThan(190);
    expect(new Set(wrong.map((one) => one.defect))).toEqual(
      new Set(['broken JSON', 'missing fields', 'wrong sum', 'wrong types']),
    );
    for (const { text } of wrong) expect(() => parseDocument(text)).toThrow('the request is not valid');
    expect(generateDocuments({ count: 20, seed: 1, badRate: 1 }).every((one) => one.defect !== undefined)).toBe(true);
  });
});

describe('publishing by HTTP', () => {
  const reply = (status: number) => ({ url: 'http://x/orders', status, text: '' });
  const documents = generateDocuments({ count: 20, seed: 2, badRate: 0.3 });
  const statusOf = (body: string) => {
    try {
      return parseDocument(body) && 202;
    } catch {
      return 400;
    }
  };

  test('sends each once, as its text, and says how far it is', async () => {
    const sent: string[] = [];
    const progress: number[] = [];
    const publish = createHttpPublisher(async (_method, _path, body) => {
      sent.push(body);
      return reply(statusOf(body));
    }, createSteppingClock());
    expect(await publish(documents, never, (done) => progress.push(done))).toEqual(documents);
    expect(sent.sort()).toEqual(documents.map(({ text }) => text).sort());
    expect(progress.at(-1)).toBe(20);
  });

  test('asks a busy door again', async () => {
    let busy = 3;
    const publish = createHttpPublisher(
      async (_method, _path, body) => reply(busy-- > 0 ? 503 : statusOf(body)),
      createSteppingClock(),
    );
    expect(await publish(documents, never, ignore)).toHaveLength(20);
  });

  test.each([
    [500, 'answers 500 to a document with nothing wrong'],
    [400, 'answers 400 to a document with nothing wrong'],
  ])('stops where a right document is answered %i', async (status, says) => {
    const right: GeneratedDocument[] = generateDocuments({ count: 1, seed: 2 });
    await expect(
      createHttpPublisher(async () => reply(status), createSteppingClock())(right, never, ignore),
    ).rejects.toThrow(says);
  });

  test('stops where a wrong document is taken', async () => {
    const wrong = generateDocuments({ count: 1, seed: 2, badRate: 1 });
    await expect(
      createHttpPublisher(async () => reply(202), createSteppingClock())(wrong, never, ignore),
    ).rejects.toThrow('answers 202');
  });
});

describe('publishing onto the bus', () => {
  test('wraps each text, right or wrong, into our envelope', async () => {
    const taken: Envelope[] = [];
    const documents = generateDocuments({ count: 120, seed: 3, badRate: 0.5 });
    const publish = createBusPublisher(async (events) => {
      taken.push(...events);
      return events.map(() => undefined);
    }, createSteppingClock());
    expect(await publish(documents, never, ignore)).toEqual(documents);
    expect(taken.map(({ data }) => data)).toEqual(
      documents.map(({ order_uid, text }) => ({ order_uid, document: text, hash: hashOfText(text) })),
    );
    expect(new Set(taken.map(({ id }) => id)).size).toBe(120);
  });

  test('stops where the bus refuses for good', async () => {
    const publish = createBusPublisher(async (events) => events.map(() => 'away'), createSteppingClock());
    await expect(publish(generateDocuments({ count: 5, seed: 3 }), never, ignore)).rejects.toThrow(
      'The bus took 0 documents and refused 5.',
    );
  });
});

test('what was published is told by its UIDs, and only what is right', () => {
  const documents = generateDocuments({ count: 3, seed: 1 });
  const uids = documents.map(({ order_uid }) => order_uid);
  const lines = ['--- Published Order UIDs ---', ...uids, '--------------------------'];
  expect(formatUids(uids, documents).split('\n')).toEqual(lines);
  expect(formatUids(uids.slice(1), documents).split('\n').at(-1)).toBe('wrong on purpose besides: 1');
});
