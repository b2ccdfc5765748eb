import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createDynamoStore } from '../../lambdas/shared/store/dynamo-store.ts';
import type { Tables } from './dry-run-consumers.ts';
import type { Target } from './target.ts';

/** The tables as their handlers see them. */
export function tablesOf(target: Target): Tables {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
  const table = (context: keyof Tables) => createDynamoStore(client, target.name(context));
  return {
    payments: table('payments'),
    orders: table('orders'),
    tickets: table('tickets'),
    catalog: table('catalog'),
    balances: table('balances'),
    documents: table('documents'),
  };
}
