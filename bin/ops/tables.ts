import { DynamoDBClient, paginateListTables } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createDynamoStore } from '../../lambdas/shared/store/dynamo-store.ts';
import type { Store } from '../../lambdas/shared/store/store.ts';
import type { Target } from './target.ts';

const contexts = ['payments', 'orders', 'tickets', 'catalog', 'balances', 'documents', 'reports', 'webhooks'] as const;

export type Tables = Readonly<Record<(typeof contexts)[number], Store>>;

export const createTables = (open: (context: keyof Tables) => Store): Tables =>
  Object.fromEntries(contexts.map((context) => [context, open(context)])) as Tables;

export function openTables(target: Target): Tables {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
  return createTables((context) => createDynamoStore(client, target.name(context)));
}

/** Lists the physical names of the stage's tables in alphabetical order. */
export async function listTableNames(client: DynamoDBClient, target: Target): Promise<string[]> {
  const names: string[] = [];
  for await (const { TableNames = [] } of paginateListTables({ client }, {})) names.push(...TableNames);
  return names.filter((name) => name.startsWith(`${target.name()}-`)).sort();
}
