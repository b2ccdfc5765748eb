import { setTimeout as pause } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import { isCacheRow } from '../../lambdas/documents/cache-store.ts';
import { MEMORY_TTL_MS } from '../../lambdas/documents/document-memory.ts';
import type { Key } from '../../lambdas/shared/store/store.ts';
import { defineCommand } from './command.ts';
import type { Print } from './print.ts';

const BATCH = 25;
const STEP_MS = 250;

export default defineCommand({
  options: {},
  about:
    'Removes what the cache knows of documents, and who is asking: each is looked up anew when somebody wants it. The\n' +
    'documents themselves stay. Functions remember for five seconds beside the cache, so it waits for that to pass.',
  examples: ['cache clear'],
  run: async ({ target, print, signal }) => {
    const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
    const table = target.name('documents');
    let cleared = 0;
    const projected = { ProjectionExpression: 'pk, sk', ConsistentRead: true };
    for await (const { Items = [] } of paginateScan({ client }, { TableName: table, ...projected })) {
      const rows = (Items as Key[]).filter(isCacheRow);
      for (let at = 0; at < rows.length && !signal.aborted; at += BATCH) {
        const some = rows.slice(at, at + BATCH);
        await remove(client, table, some);
        cleared += some.length;
        print.progress('clearing', cleared);
      }
    }
    await forgotten(print, signal);
    print.progressDone();
    print.result({ cleared }, () => `${cleared} rows cleared, and every function has forgotten what it had read.`);
    return undefined;
  },
});

async function remove(client: DynamoDBDocumentClient, table: string, rows: readonly Key[]): Promise<void> {
  let requests = { [table]: rows.map(({ pk, sk }) => ({ DeleteRequest: { Key: { pk, sk } } })) };
  while (Object.keys(requests).length > 0) {
    const { UnprocessedItems = {} } = await client.send(new BatchWriteCommand({ RequestItems: requests }));
    requests = UnprocessedItems as typeof requests;
  }
}

/** What a function has read right before is served until its time is over. */
async function forgotten(print: Print, signal: AbortSignal): Promise<void> {
  for (let waited = 0; waited < MEMORY_TTL_MS && !signal.aborted; waited += STEP_MS) {
    print.progress('waiting for memories', waited, MEMORY_TTL_MS);
    await pause(STEP_MS);
  }
}
