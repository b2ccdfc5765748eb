import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { transactionConflictRate } from './chaos.ts';
import { dynamoStore, marshallOptions } from './dynamo-store.ts';
import { requestHandler } from './request-handler.ts';
import { type Reader, type Store, withConflicts } from './store.ts';

let documents: DynamoDBDocumentClient | undefined;

/** One client for each environment of a function, made at its first use. */
const documentClient = (): DynamoDBDocumentClient => {
  documents ??= DynamoDBDocumentClient.from(new DynamoDBClient({ requestHandler }), {
    marshallOptions,
  });
  return documents;
};

/** Another context's table, for the few reads that cross. */
export const tableReader = (table: string): Reader => dynamoStore(documentClient(), table);

/** The context's own table. */
export const tableStore = (table: string): Store =>
  withConflicts(dynamoStore(documentClient(), table), transactionConflictRate);
