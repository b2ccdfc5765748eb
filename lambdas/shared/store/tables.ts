import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { transactionConflictRate } from '../runtime/chaos.ts';
import { clientTimeouts } from '../runtime/client-timeouts.ts';
import { createDynamoStore, marshallOptions } from './dynamo-store.ts';
import { type Reader, type Store, withConflicts } from './store.ts';

let client: DynamoDBDocumentClient | undefined;

/** One client for each environment of a function, made at its first use. */
const documentClient = (): DynamoDBDocumentClient => {
  client ??= DynamoDBDocumentClient.from(new DynamoDBClient({ requestHandler: clientTimeouts }), {
    marshallOptions,
  });
  return client;
};

/** Another context's table, for the few reads that cross. */
export const tableReader = (table: string): Reader => createDynamoStore(documentClient(), table);

/** The context's own table. */
export const tableStore = (table: string): Store =>
  withConflicts(createDynamoStore(documentClient(), table), transactionConflictRate);
