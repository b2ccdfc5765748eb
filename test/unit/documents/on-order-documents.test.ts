import { describe, expect, test } from 'vitest';
import { OrderDocumentSubmitted } from '../../../events/documents/order-document-submitted.ts';
import { hashOfText } from '../../../lambdas/documents/parse-document.ts';
import { textWith, uid } from '../../support/documents.ts';
import { Simulation } from '../../support/simulation.ts';

const cause = { time: '2026-01-01T00:00:00.000Z', correlation_id: uid, causation_id: 'outside' };

/** Delivers an event of an outside publisher. Returns the stored document and the reason of the dead letter, if any. */
async function ingest(data: unknown, envelopeFields: object = {}) {
  const simulation = new Simulation();
  const queue = simulation.queues['order-documents'];
  const event = OrderDocumentSubmitted.make({ order_uid: uid, document: '' }, cause);
  queue.send(JSON.stringify({ ...event, ...envelopeFields, data }));
  await simulation.settle();
  const [deadLetter] = queue.dlq;
  const record = await simulation.documents.get({ pk: `DOCUMENT#${uid}`, sk: 'STATE' });
  return { reason: deadLetter?.details?.reason, document: record?.['document'] };
}

describe('a document of an outside publisher', () => {
  test.each([
    ['with its hash', { order_uid: uid, document: textWith(), hash: hashOfText(textWith()) }],
    ['without its hash', { order_uid: uid, document: textWith() }],
    ['with additional fields', { order_uid: uid, document: textWith(), sender: 'x' }],
  ])('is stored %s', async (_, data) => {
    expect(await ingest(data)).toEqual({ reason: undefined, document: textWith() });
  });

  test('is stored with the characters escaped that SQS refuses', async () => {
    const document = textWith({ customer_id: 'a\uffff' });
    expect(await ingest({ order_uid: uid, document, hash: hashOfText(document) })).toEqual({
      reason: undefined,
      document: textWith({ customer_id: 'a#' }).replace('#', '\\uffff'),
    });
  });

  test.each<[string, unknown, object, string]>([
    ['of another UID', { order_uid: 'other', document: textWith() }, {}, 'not an order document: order_uid: not other'],
    [
      'of another hash',
      { order_uid: uid, document: textWith(), hash: 'x' },
      {},
      'not an order document: hash: not the SHA-256 of the document, in hex',
    ],
    [
      'of another UID and another hash',
      { order_uid: 'other', document: textWith(), hash: 'x' },
      {},
      'not an order document: order_uid: not other; hash: not the SHA-256 of the document, in hex',
    ],
    [
      'of more than 128 KB',
      { order_uid: uid, document: textWith({ filling: 'x'.repeat(128 * 1024) }) },
      {},
      'not an order document: document: larger than 131072 bytes',
    ],
    [
      'with a lone surrogate',
      { order_uid: uid, document: textWith().replace('Ada', 'A\ud800') },
      {},
      'not an order document: document: must be well-formed Unicode',
    ],
    [
      'that is not a text',
      { order_uid: uid, document: { order_uid: uid } },
      {},
      'OrderDocumentSubmitted does not match its schema: document: Invalid input: expected string, received object',
    ],
    [
      'of an unknown event version',
      { order_uid: uid, document: textWith() },
      { version: 2 },
      'version 2 of OrderDocumentSubmitted is unknown',
    ],
    [
      'from another event source',
      { order_uid: uid, document: textWith() },
      { source: 'elsewhere' },
      'OrderDocumentSubmitted may not be published by elsewhere',
    ],
  ])('%s is dead-lettered with all of its errors', async (_, data, envelopeFields, reason) => {
    expect(await ingest(data, envelopeFields)).toEqual({ reason: `PoisonMessage: ${reason}`, document: undefined });
  });

  test('with more errors than a dead letter can hold is dead-lettered with the first errors and their number', async () => {
    const { reason = '' } = await ingest({ order_uid: uid, document: textWith({ items: Array(900).fill({}) }) });
    expect(reason.length).toBeLessThan(4000);
    expect(reason).toMatch(
      /^PoisonMessage: not an order document: items\.0\.chrt_id: .*; items\.0\.track_number: .*… \(9900 in all\)$/,
    );
  });

  test.each([
    ['correlation_id', 'c'.repeat(301)],
    ['causation_id', 'c'.repeat(301)],
    ['nudge', 'n'.repeat(301)],
  ])('is dead-lettered if its %s is too long for a key or an event', async (name, longValue) => {
    const { reason } = await ingest({ order_uid: uid, document: textWith() }, { [name]: longValue });
    expect(reason).toMatch(new RegExp(`^PoisonMessage: not an event envelope: ${name}: `));
  });

  test('is dead-lettered if only the escaping for SQS would make it valid JSON', async () => {
    const { reason, document } = await ingest({ order_uid: uid, document: textWith().replace('Ada', 'A\\\ufffe') });
    expect(reason).toMatch(/^PoisonMessage: not an order document: body: malformed JSON: /);
    expect(document).toBeUndefined();
  });
});
