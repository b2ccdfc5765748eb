import { describe, expect, test } from 'vitest';
import { OrderDocumentSubmitted } from '../../../events/documents/order-document-submitted.ts';
import { hashOfText } from '../../../lambdas/documents/parse-document.ts';
import { textWith, uid } from '../../support/documents.ts';
import { Simulation } from '../../support/simulation.ts';

const cause = { time: '2026-01-01T00:00:00.000Z', correlation_id: uid, causation_id: 'outside' };

/** What becomes of an event that an outside publisher puts onto the bus. */
async function sent(data: unknown, more: object = {}) {
  const world = new Simulation();
  const event = OrderDocumentSubmitted.make({ order_uid: uid, document: '' }, cause);
  world.queues['order-documents'].send(JSON.stringify({ ...event, ...more, data }));
  await world.settle();
  const [dead] = world.queues['order-documents'].dlq;
  const record = await world.documents.get({ pk: `DOCUMENT#${uid}`, sk: 'STATE' });
  return { reason: dead?.details?.reason, document: record?.['document'] };
}

describe('a document from outside', () => {
  test.each([
    ['with its hash', { order_uid: uid, document: textWith(), hash: hashOfText(textWith()) }],
    ['without', { order_uid: uid, document: textWith() }],
    ['with more than we ask for', { order_uid: uid, document: textWith(), sender: 'x' }],
  ])('is taken in %s', async (_, data) => {
    expect(await sent(data)).toEqual({ reason: undefined, document: textWith() });
  });

  test('is kept as a text that passes every hop', async () => {
    const document = textWith({ customer_id: 'a\uffff' });
    expect(await sent({ order_uid: uid, document, hash: hashOfText(document) })).toEqual({
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
      'of both',
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
      'with half of a letter',
      { order_uid: uid, document: textWith().replace('Ada', 'A\ud800') },
      {},
      'not an order document: document: not well-formed text',
    ],
    [
      'that is no text',
      { order_uid: uid, document: { order_uid: uid } },
      {},
      'OrderDocumentSubmitted breaks its schema: document: Invalid input: expected string, received object',
    ],
    [
      'of a version of tomorrow',
      { order_uid: uid, document: textWith() },
      { version: 2 },
      'OrderDocumentSubmitted version 2 is unknown here',
    ],
    [
      'by somebody else',
      { order_uid: uid, document: textWith() },
      { source: 'elsewhere' },
      'OrderDocumentSubmitted is not for elsewhere to state',
    ],
  ])('%s is buried at once with its faults', async (_, data, more, says) => {
    expect(await sent(data, more)).toEqual({ reason: `Poison: ${says}`, document: undefined });
  });

  test('with more faults than a DLQ can say names the first, and how many there are', async () => {
    const { reason = '' } = await sent({ order_uid: uid, document: textWith({ items: Array(900).fill({}) }) });
    expect(reason.length).toBeLessThan(4000);
    expect(reason).toMatch(
      /^Poison: not an order document: items\.0\.chrt_id: .*; items\.0\.track_number: .*… \(9900 in all\)$/,
    );
  });

  test.each([
    ['correlation_id', 'c'.repeat(301)],
    ['causation_id', 'c'.repeat(301)],
    ['nudge', 'n'.repeat(301)],
  ])('is buried at once where its %s is too long for a key or an event', async (name, long) => {
    const { reason } = await sent({ order_uid: uid, document: textWith() }, { [name]: long });
    expect(reason).toMatch(new RegExp(`^Poison: not our envelope: ${name}: `));
  });

  test('is not put right by what makes it pass a queue', async () => {
    const { reason, document } = await sent({ order_uid: uid, document: textWith().replace('Ada', 'A\\\ufffe') });
    expect(reason).toMatch(/^Poison: not an order document: body: malformed JSON: /);
    expect(document).toBeUndefined();
  });
});
