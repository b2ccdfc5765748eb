import { expect, test } from 'vitest';
import { hashOfText } from '../../../lambdas/documents/parse-document.ts';
import { submit } from '../../../lambdas/documents/submit-document.ts';
import { parseOutboxRecord } from '../../../lambdas/shared/outbox/outbox-record.ts';
import { textWith, uid } from '../../support/documents.ts';
import { createSteppingClock, noon } from '../../support/fixtures.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const submitText = async (text: string) => {
  const table = createMemoryStore({ now: () => noon });
  const work = { store: table, clock: createSteppingClock(), deadlineMs: noon + 5000 };
  await submit(work, { order_uid: uid, text, correlationId: 'request' });
  return table.all().flatMap(parseOutboxRecord);
};

test('a submitted document is published with its hash, and with the characters escaped that SQS refuses', async () => {
  const document = textWith({ customer_id: 'a#' }).replace('#', '\\uffff');
  expect(await submitText(textWith({ customer_id: 'a\uffff' }))).toMatchObject([
    { type: 'OrderDocumentSubmitted', data: { order_uid: uid, document, hash: hashOfText(document) } },
  ]);
});

test('a document that no event can contain is rejected', async () => {
  await expect(submitText('"'.repeat(120 * 1024))).rejects.toMatchObject({ code: 'document_too_large', status: 413 });
});
