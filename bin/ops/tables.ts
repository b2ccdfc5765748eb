import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { dynamoStore } from '../../lambdas/shared/dynamo-store.ts';
import type { Tables } from './decisions.ts';
import type { Target } from './target.ts';

/** The tables as their handlers see them. */
export function tablesOf(target: Target): Tables {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
  return {
    payments: dynamoStore(client, target.name('payments')),
    orders: dynamoStore(client, target.name('orders')),
  };
}
