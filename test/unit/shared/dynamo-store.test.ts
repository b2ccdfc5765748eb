import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { expect, test } from 'vitest';
import { dynamoStore } from '../../../lambdas/shared/dynamo-store.ts';
import { Busy } from '../../../lambdas/shared/errors.ts';
import type { Reader } from '../../../lambdas/shared/store.ts';

const key = { pk: 'P', sk: 'A' };
const answering = (send: () => Promise<unknown>) =>
  dynamoStore({ send } as unknown as DynamoDBDocumentClient, 'oncebox-test-orders');
const failing = (name: string) =>
  answering(async () => {
    throw Object.assign(new Error('slow down'), { name });
  });
const reads: [string, (store: Reader) => Promise<unknown>][] = [
  ['a row', (store) => store.get(key)],
  ['many rows', (store) => store.getMany([key])],
  ['a query', (store) => store.query({ hash: 'P' })],
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
