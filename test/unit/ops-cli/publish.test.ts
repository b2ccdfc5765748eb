import { describe, expect, test } from 'vitest';
import { formatUids } from '../../../bin/ops/publish.ts';
import type { Envelope } from '../../../events/envelope.ts';
import { hashOfText, parseDocument } from '../../../lambdas/documents/parse-document.ts';
import { InvalidInput } from '../../../lambdas/shared/http/problem.ts';
import { createBusPublisher, createHttpPublisher } from '../../../tools/document-publisher.ts';
import { type GeneratedDocument, generateDocuments } from '../../../tools/generated-documents.ts';
import { createSteppingClock } from '../../support/fixtures.ts';

const { signal } = new AbortController();
const ignoreProgress = () => undefined;

describe('generated documents', () => {
  test('are valid, each with its own UID', () => {
    const documents = generateDocuments({ count: 300, seed: 1 });
    for (const { order_uid, text, defect } of documents) {
      expect(defect).toBeUndefined();
      expect(parseDocument(text).order_uid).toBe(order_uid);
    }
    expect(new Set(documents.map(({ order_uid }) => order_uid)).size).toBe(300);
    expect(documents.some(({ text }) => text.includes('"ledger_ref":9007199254740993'))).toBe(true);
  });

  test('depend only on the seed, and not on their number', () => {
    expect(generateDocuments({ count: 3, seed: 7 })).toEqual(generateDocuments({ count: 9, seed: 7 }).slice(0, 3));
    expect(generateDocuments({ count: 3, seed: 7 })).not.toEqual(generateDocuments({ count: 3, seed: 8 }));
  });

  test('have every kind of defect at the given rate, and then are refused', () => {
    const documents = generateDocuments({ count: 500, seed: 1, badRate: 0.3 });
    const invalid = documents.filter(({ defect }) => defect !== undefined);
    expect(invalid.length).toBeGreaterThan(110);
    expect(invalid.length).toBeLessThan(190);
    expect(new Set(invalid.map(({ defect }) => defect))).toEqual(
      new Set(['broken JSON', 'missing fields', 'wrong sum', 'wrong types']),
    );
    for (const { text } of invalid) expect(() => parseDocument(text)).toThrow(InvalidInput);
    expect(generateDocuments({ count: 20, seed: 1, badRate: 1 }).every(({ defect }) => defect !== undefined)).toBe(
      true,
    );
  });
});

describe('publishing by HTTP', () => {
  const response = (status: number) => ({ url: 'http://x/orders', status, text: '' });
  const documents = generateDocuments({ count: 20, seed: 2, badRate: 0.3 });
  const statusFor = (body: string) => {
    try {
      return parseDocument(body) && 202;
    } catch {
      return 400;
    }
  };

  test('sends the text of each document once and reports progress', async () => {
    const sent: string[] = [];
    const progress: number[] = [];
    const publish = createHttpPublisher(async (_method, _path, body) => {
      sent.push(body);
      return response(statusFor(body));
    }, createSteppingClock());
    expect(await publish(documents, signal, (done) => progress.push(done))).toEqual(documents);
    expect(sent.sort()).toEqual(documents.map(({ text }) => text).sort());
    expect(progress.at(-1)).toBe(20);
  });

  test('repeats a request that is answered with 503', async () => {
    let refusals = 3;
    const publish = createHttpPublisher(
      async (_method, _path, body) => response(refusals-- > 0 ? 503 : statusFor(body)),
      createSteppingClock(),
    );
    expect(await publish(documents, signal, ignoreProgress)).toHaveLength(20);
  });

  test.each([
    [500, 'returned 500 for a valid document'],
    [400, 'returned 400 for a valid document'],
  ])('stops if a valid document is answered with %i', async (status, message) => {
    const valid: GeneratedDocument[] = generateDocuments({ count: 1, seed: 2 });
    const publish = createHttpPublisher(async () => response(status), createSteppingClock());
    await expect(publish(valid, signal, ignoreProgress)).rejects.toThrow(message);
  });

  test('stops if an invalid document is accepted', async () => {
    const invalid = generateDocuments({ count: 1, seed: 2, badRate: 1 });
    const publish = createHttpPublisher(async () => response(202), createSteppingClock());
    await expect(publish(invalid, signal, ignoreProgress)).rejects.toThrow('returned 202');
  });
});

describe('publishing on the bus', () => {
  test('sends each text in an event envelope, valid or not', async () => {
    const sent: Envelope[] = [];
    const documents = generateDocuments({ count: 120, seed: 3, badRate: 0.5 });
    const publish = createBusPublisher(async (events) => {
      sent.push(...events);
      return events.map(() => undefined);
    }, createSteppingClock());
    expect(await publish(documents, signal, ignoreProgress)).toEqual(documents);
    expect(sent.map(({ data }) => data)).toEqual(
      documents.map(({ order_uid, text }) => ({ order_uid, document: text, hash: hashOfText(text) })),
    );
    expect(new Set(sent.map(({ id }) => id)).size).toBe(120);
  });

  test('stops if the bus refuses an event at every attempt', async () => {
    const publish = createBusPublisher(async (events) => events.map(() => 'unavailable'), createSteppingClock());
    await expect(publish(generateDocuments({ count: 5, seed: 3 }), signal, ignoreProgress)).rejects.toThrow(
      'The bus accepted 0 documents and refused 5.',
    );
  });
});

test('publish prints the UIDs of valid documents and the number of invalid ones', () => {
  const documents = generateDocuments({ count: 3, seed: 1 });
  const uids = documents.map(({ order_uid }) => order_uid);
  const lines = ['--- Published Order UIDs ---', ...uids, '--------------------------'];
  expect(formatUids(uids, documents).split('\n')).toEqual(lines);
  expect(formatUids(uids.slice(1), documents).split('\n').at(-1)).toBe('invalid documents sent in addition: 1');
});
