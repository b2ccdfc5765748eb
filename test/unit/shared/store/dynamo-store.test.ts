import { TransactionInProgressException } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { describe, expect, test } from 'vitest';
import { Busy } from '../../../../lambdas/shared/runtime/errors.ts';
import { createDynamoStore } from '../../../../lambdas/shared/store/dynamo-store.ts';
import { absent, type Reader, WriteRefused } from '../../../../lambdas/shared/store/store.ts';

const key = { pk: 'P', sk: 'A' };
const storeSending = (send: () => Promise<unknown>) =>
  createDynamoStore({ send } as unknown as DynamoDBDocumentClient, 'oncebox-test-orders');
const storeFailingWith = (name: string) =>
  storeSending(async () => {
    throw Object.assign(new Error('slow down'), { name });
  });
const reads: [string, (store: Reader) => Promise<unknown>][] = [
  ['a read of one row', (store) => store.get(key)],
  ['a read of many rows', (store) => store.getMany([key])],
  ['a query', (store) => store.query({ partition: 'P' })],
];

// Local engines never throttle, so only this test covers it.
test.each(reads)('%s throws Busy if it is throttled', async (_, read) => {
  await expect(read(storeFailingWith('ThrottlingException'))).rejects.toBeInstanceOf(Busy);
  await expect(read(storeFailingWith('ProvisionedThroughputExceededException'))).rejects.toBeInstanceOf(Busy);
  await expect(read(storeFailingWith('AccessDeniedException'))).rejects.toMatchObject({
    name: 'AccessDeniedException',
  });
});

test('a read of many rows throws Busy if keys stay unprocessed', async () => {
  const store = storeSending(async () => ({ UnprocessedKeys: { 'oncebox-test-orders': { Keys: [key] } } }));
  await expect(store.getMany([key])).rejects.toBeInstanceOf(Busy);
});

describe('a write may have been applied', () => {
  const put = { op: 'put', row: { pk: 'P', sk: 'A' }, when: absent } as const;
  const refusalOf = async (error: Error, metadata: object = {}) => {
    const store = storeSending(async () => {
      throw Object.assign(error, { $metadata: metadata });
    });
    return store.write([put], 'token').catch((thrown: unknown) => thrown);
  };
  const throttled = () => Object.assign(new Error('slow down'), { name: 'ThrottlingException' });

  test('if the SDK repeated the request, whatever the last attempt says', async () => {
    expect(await refusalOf(throttled(), { attempts: 2 })).toMatchObject({ mayBeWritten: true });
    expect(await refusalOf(throttled(), { attempts: 1 })).toMatchObject({ mayBeWritten: false });
  });

  test('if its own transaction is in progress', async () => {
    const inProgress = new TransactionInProgressException({ message: 'in progress', $metadata: {} });
    expect(await refusalOf(inProgress)).toMatchObject({ mayBeWritten: true });
  });

  test('only if it was sent: after the deadline nothing is', async () => {
    let sent = 0;
    const store = storeSending(async () => {
      sent += 1;
    }).withDeadline(Date.now() - 1);
    await expect(store.write([put], 'token')).rejects.toBeInstanceOf(Busy);
    expect(sent).toBe(0);
  });
});

describe('a table that is unavailable', () => {
  const put = { op: 'put', row: { pk: 'P', sk: 'A' }, when: absent } as const;
  const storeThrowing = (properties: object) =>
    storeSending(async () => {
      throw Object.assign(new Error('unavailable'), properties);
    });
  const failures: [string, object][] = [
    ['returns a server fault', { name: 'InternalServerError', $fault: 'server' }],
    ['returns a status of 500 or more', { name: 'UnknownError', $metadata: { httpStatusCode: 503 } }],
    ['times out', { name: 'TimeoutError' }],
    ['does not respond until the deadline', { name: 'AbortError' }],
    ['cannot be reached', { name: 'Error', code: 'ECONNREFUSED' }],
    ['closes the connection', { name: 'Error', code: 'ECONNRESET' }],
  ];

  test.each(failures)('makes a read throw Busy if it %s', async (_, properties) => {
    await expect(storeThrowing(properties).get(key)).rejects.toBeInstanceOf(Busy);
  });

  // The write may have succeeded, so the plan runs again and finds its own row if it did.
  test.each(failures)('makes a write throw WriteRefused if it %s', async (_, properties) => {
    await expect(storeThrowing(properties).write([put], 'token')).rejects.toBeInstanceOf(WriteRefused);
    await expect(
      storeThrowing(properties).write([put, { ...put, row: { pk: 'P', sk: 'B' } }], 'token'),
    ).rejects.toMatchObject({
      reasons: [{ kind: 'no_response' }, { kind: 'no_response' }],
    });
  });

  test('is not assumed if the request is invalid', async () => {
    const invalid = { name: 'ValidationException', $fault: 'client', $metadata: { httpStatusCode: 400 } };
    await expect(storeThrowing(invalid).get(key)).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(storeThrowing(invalid).write([put], 'token')).rejects.toMatchObject({ name: 'ValidationException' });
  });
});
