import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { describe, expect, test } from 'vitest';
import { Busy } from '../../../../lambdas/shared/runtime/errors.ts';
import { createDynamoStore } from '../../../../lambdas/shared/store/dynamo-store.ts';
import { absent, type Reader, WriteRefused } from '../../../../lambdas/shared/store/store.ts';

const key = { pk: 'P', sk: 'A' };
const answering = (send: () => Promise<unknown>) =>
  createDynamoStore({ send } as unknown as DynamoDBDocumentClient, 'oncebox-test-orders');
const failing = (name: string) =>
  answering(async () => {
    throw Object.assign(new Error('slow down'), { name });
  });
const reads: [string, (store: Reader) => Promise<unknown>][] = [
  ['a row', (store) => store.get(key)],
  ['many rows', (store) => store.getMany([key])],
  ['a query', (store) => store.query({ partition: 'P' })],
];

// no engine throttles, so only AWS would show it
test.each(reads)('%s that is throttled is a matter of time, and no failure', async (_, read) => {
  await expect(read(failing('ThrottlingException'))).rejects.toBeInstanceOf(Busy);
  await expect(read(failing('ProvisionedThroughputExceededException'))).rejects.toBeInstanceOf(Busy);
  await expect(read(failing('AccessDeniedException'))).rejects.toMatchObject({ name: 'AccessDeniedException' });
});

test('rows that the table holds back round after round are a matter of time, too', async () => {
  const store = answering(async () => ({ UnprocessedKeys: { 'oncebox-test-orders': { Keys: [key] } } }));
  await expect(store.getMany([key])).rejects.toBeInstanceOf(Busy);
});

describe('a table that is away', () => {
  const put = { op: 'put', row: { pk: 'P', sk: 'A' }, when: absent } as const;
  const breaking = (how: object) =>
    answering(async () => {
      throw Object.assign(new Error('away'), how);
    });
  const ways: [string, object][] = [
    ['answers with a fault of its own', { name: 'InternalServerError', $fault: 'server' }],
    ['answers with a status above 500', { name: 'UnknownError', $metadata: { httpStatusCode: 503 } }],
    ['does not answer in time', { name: 'TimeoutError' }],
    ['cannot be reached', { name: 'Error', code: 'ECONNREFUSED' }],
    ['ends the connection', { name: 'Error', code: 'ECONNRESET' }],
  ];

  test.each(ways)('and %s is a matter of time: a read is asked again later', async (_, how) => {
    await expect(breaking(how).get(key)).rejects.toBeInstanceOf(Busy);
  });

  // whether it was written nobody knows: the plan looks again, and finds its own row where it was
  test.each(ways)('and %s refuses a write, whose plan then reads afresh', async (_, how) => {
    await expect(breaking(how).write([put], 'token')).rejects.toBeInstanceOf(WriteRefused);
    await expect(breaking(how).write([put, { ...put, row: { pk: 'P', sk: 'B' } }], 'token')).rejects.toMatchObject({
      reasons: [{ kind: 'no_response' }, { kind: 'no_response' }],
    });
  });

  test('is another thing than a request that is wrong', async () => {
    const wrong = { name: 'ValidationException', $fault: 'client', $metadata: { httpStatusCode: 400 } };
    await expect(breaking(wrong).get(key)).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(breaking(wrong).write([put], 'token')).rejects.toMatchObject({ name: 'ValidationException' });
  });
});
