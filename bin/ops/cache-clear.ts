import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import { isCacheRow } from '../../lambdas/documents/cache-store.ts';
import { MEMORY_TTL_MS } from '../../lambdas/documents/document-memory.ts';
import type { Key } from '../../lambdas/shared/store/store.ts';
import { defineCommand } from './command.ts';
import { countOf, type Printer } from './print.ts';
import { pause } from './watch.ts';

/** The maximum of BatchWriteItem. */
const BATCH_SIZE = 25;
const PROGRESS_INTERVAL_MS = 250;

export default defineCommand({
  details:
    'Also deletes the leases of running lookups. The documents themselves stay. Functions keep documents in memory for\n' +
    `${MEMORY_TTL_MS / 1000} s, so the command waits for that time.`,
  examples: ['cache clear'],
  run: async ({ target, print, signal }) => {
    const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
    const table = target.name('documents');
    let cleared = 0;
    const projection = { ProjectionExpression: 'pk, sk', ConsistentRead: true };
    for await (const { Items = [] } of paginateScan({ client }, { TableName: table, ...projection })) {
      const keys = (Items as Key[]).filter(isCacheRow);
      for (let start = 0; start < keys.length && !signal.aborted; start += BATCH_SIZE) {
        const batch = keys.slice(start, start + BATCH_SIZE);
        await deleteRows(client, table, batch);
        cleared += batch.length;
        print.progress('rows deleted', cleared);
      }
    }
    await waitForMemory(print, signal);
    print.progressDone();
    print.result({ cleared }, () => `The cache is clear: ${countOf(cleared, 'row')} deleted.`);
  },
});

async function deleteRows(client: DynamoDBDocumentClient, table: string, keys: readonly Key[]): Promise<void> {
  let requests = { [table]: keys.map(({ pk, sk }) => ({ DeleteRequest: { Key: { pk, sk } } })) };
  while (Object.keys(requests).length > 0) {
    const { UnprocessedItems = {} } = await client.send(new BatchWriteCommand({ RequestItems: requests }));
    requests = UnprocessedItems as typeof requests;
  }
}

/** Waits until functions no longer serve documents that they read just before the rows were deleted. */
async function waitForMemory(print: Printer, signal: AbortSignal): Promise<void> {
  for (let waitedMs = 0; waitedMs < MEMORY_TTL_MS && !signal.aborted; waitedMs += PROGRESS_INTERVAL_MS) {
    print.progress('waiting for functions (ms)', waitedMs, MEMORY_TTL_MS);
    await pause(PROGRESS_INTERVAL_MS, signal);
  }
}
