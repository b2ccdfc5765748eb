import { expect, test } from 'vitest';
import { OrderDocumentSubmitted } from '../../../events/documents/order-document-submitted.ts';
import { OrderFound } from '../../../events/documents/order-found.ts';
import { OrderLookupRequested } from '../../../events/documents/order-lookup-requested.ts';
import { OrderNotFound } from '../../../events/documents/order-not-found.ts';
import { cacheStore } from '../../../lambdas/documents/cache-store.ts';
import { hashOfText } from '../../../lambdas/documents/parse-document.ts';
import { recordStore } from '../../../lambdas/documents/record-store.ts';
import { submit } from '../../../lambdas/documents/submit-document.ts';
import { textWith, uid } from '../../support/documents.ts';
import { createSteppingClock, noon } from '../../support/fixtures.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { recordWrites } from '../../support/recorded-writes.ts';

const TTL_MS = 360_000;
const cause = { time: new Date(noon).toISOString(), correlation_id: uid, causation_id: 'test' };
const context = { deadlineMs: noon + 5000, createReceipt: () => ({}), messageIdOf: () => '-', receiveCountOf: () => 1 };
const textOf = (year: number) => textWith({ date_created: `${year}-01-01T00:00:00Z` });
const submitted = (document: string) => OrderDocumentSubmitted.make({ order_uid: uid, document }, cause);
const found = (year: number) =>
  OrderFound.make(
    { order_uid: uid, document: '{}', instant: `${year}`, hash: `h${year}`, in_reply_to: 'other' },
    cause,
  );

function createDocuments() {
  const clock = createSteppingClock();
  const { store, takeTransactions } = recordWrites(createMemoryStore({ now: clock.now }));
  const work = { store, clock, deadlineMs: Number.POSITIVE_INFINITY };
  return { work, clock, takeTransactions, records: recordStore(work), cache: cacheStore(work, TTL_MS) };
}

test('a document is stored only if it is absent or under its version, without a TTL', async () => {
  const { records, takeTransactions } = createDocuments();
  for (const year of [2021, 2022, 2020]) await records.ingest(submitted(textOf(year)), context);
  const answer = (foundYear: number, submittedYear: number) =>
    `put DOCUMENT#${uid} OUTBOX#OrderFound:${uid}:${hashOfText(textOf(foundYear))}:${hashOfText(textOf(submittedYear))} if absent`;
  expect(takeTransactions()).toEqual([
    [`put DOCUMENT#${uid} STATE if absent`, `${answer(2021, 2021)}, expires`],
    [`put DOCUMENT#${uid} STATE if version 1`, `${answer(2022, 2022)}, expires`],
    [`${answer(2022, 2020)}, decides, expires`],
  ]);
});

test('a lookup is answered once', async () => {
  const { records, takeTransactions } = createDocuments();
  const lookup = OrderLookupRequested.make({ order_uid: uid, lookup_id: 'l1' }, cause);
  await records.answerLookup(lookup);
  await expect(records.answerLookup(lookup)).rejects.toThrow('already decided');
  expect(takeTransactions()).toEqual([
    [`put DOCUMENT#${uid} OUTBOX#OrderNotFound:${uid}:l1 if absent, decides, expires`],
  ]);
});

test('the lease of a lookup is taken only if it is absent, or under its version when it has ended', async () => {
  const { cache, clock, takeTransactions } = createDocuments();
  await cache.requestLookup(uid, 'request');
  await cache.requestLookup(uid, 'request');
  clock.pass(5000);
  await cache.requestLookup(uid, 'request');
  expect(takeTransactions().map(([lease]) => lease)).toEqual([
    `put CACHE#${uid} LEASE if absent, expires`,
    `put CACHE#${uid} LEASE if version 1, expires`,
  ]);
});

test('an answer is cached only if the cache row is absent or under its version, and ends the lease', async () => {
  const { cache, takeTransactions } = createDocuments();
  await cache.applyAnswer(OrderNotFound.make({ order_uid: uid, in_reply_to: 'other' }, cause));
  await cache.applyAnswer(found(2021));
  await cache.applyAnswer(found(2020));
  expect(takeTransactions()).toEqual([
    [`put CACHE#${uid} STATE if absent, expires`],
    [`put CACHE#${uid} STATE if version 1, expires`],
  ]);
  const other = createDocuments();
  await other.cache.requestLookup(uid, 'request');
  other.takeTransactions();
  await other.cache.applyAnswer(OrderNotFound.make({ order_uid: uid, in_reply_to: 'other' }, cause));
  await other.cache.applyAnswer(found(2021));
  expect(other.takeTransactions()).toEqual([
    [`put CACHE#${uid} STATE if absent, expires`],
    [`put CACHE#${uid} STATE if version 1, expires`, `update CACHE#${uid} LEASE if version 1`],
  ]);
});

test('a submission is published once, and again as a nudge once per minute', async () => {
  const { work, takeTransactions } = createDocuments();
  const submission = { order_uid: uid, text: textWith(), correlationId: 'request' };
  for (let time = 0; time < 3; time++) await submit(work, submission);
  const record = `put SUBMISSION#${uid} OUTBOX#OrderDocumentSubmitted:${uid}:${hashOfText(textWith())}`;
  expect(takeTransactions()).toEqual([
    [`${record} if absent, decides, expires`],
    [`${record}#2026-01-01T12:00 if absent, decides, expires`],
  ]);
});
