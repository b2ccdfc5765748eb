import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import { MEMORY_TTL_MS } from '../../lambdas/documents/find-document.ts';
import { restartFeed } from '../../lambdas/shared/cache/feed.ts';
import { isCacheRow } from '../../lambdas/shared/cache/group-row.ts';
import { systemClock } from '../../lambdas/shared/runtime/clock.ts';
import { createDynamoStore } from '../../lambdas/shared/store/dynamo-store.ts';
import type { Key } from '../../lambdas/shared/store/store.ts';
import { defineCommand } from './command.ts';
import { countOf, type Printer } from './print.ts';
import { pause } from './watch.ts';

/** The contexts whose tables have cache rows. Those with a feed announce there that all memories are outdated. */
export const CACHED_CONTEXTS: readonly { readonly context: string; readonly hasFeed: boolean }[] = [
  { context: 'documents', hasFeed: false },
  { context: 'catalog', hasFeed: true },
];
/** The maximum of BatchWriteItem. */
const BATCH_SIZE = 25;
const PROGRESS_INTERVAL_MS = 250;
const FEED_TIMEOUT_MS = 10_000;

export default defineCommand({
  details:
    'Deletes the cache rows of documents and catalog, with the leases of running loads and lookups. What they are\n' +
    `copies of stays. Functions keep documents in memory for ${MEMORY_TTL_MS / 1000} s, and products for a second, so the command waits.`,
  examples: ['cache clear'],
  run: async ({ target, print, signal }) => {
    const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
    let cleared = 0;
    for (const { context, hasFeed } of CACHED_CONTEXTS) {
      const table = target.name(context);
      for await (const batch of cacheRowsOf(client, table)) {
        if (signal.aborted) break;
        await deleteRows(client, table, batch);
        cleared += batch.length;
        print.progress('rows deleted', cleared);
      }
      const ports = { store: createDynamoStore(client, table), clock: systemClock };
      if (hasFeed && !signal.aborted) await restartFeed(ports, Date.now() + FEED_TIMEOUT_MS);
    }
    await waitForMemory(print, signal);
    print.progressDone();
    print.result({ cleared }, () => `The caches are clear: ${countOf(cleared, 'row')} deleted.`);
  },
});

/** Returns the keys of all cache rows of a table, in batches. */
async function* cacheRowsOf(client: DynamoDBDocumentClient, table: string): AsyncGenerator<readonly Key[]> {
  const projection = { ProjectionExpression: 'pk, sk', ConsistentRead: true };
  for await (const { Items = [] } of paginateScan({ client }, { TableName: table, ...projection })) {
    const keys = (Items as Key[]).filter(isCacheRow);
    for (let start = 0; start < keys.length; start += BATCH_SIZE) yield keys.slice(start, start + BATCH_SIZE);
  }
}

async function deleteRows(client: DynamoDBDocumentClient, table: string, keys: readonly Key[]): Promise<void> {
  let requests = { [table]: keys.map(({ pk, sk }) => ({ DeleteRequest: { Key: { pk, sk } } })) };
  while (Object.keys(requests).length > 0) {
    const { UnprocessedItems = {} } = await client.send(new BatchWriteCommand({ RequestItems: requests }));
    requests = UnprocessedItems as typeof requests;
  }
}

/** Waits until functions no longer serve values that they read just before the rows were deleted. */
async function waitForMemory(print: Printer, signal: AbortSignal): Promise<void> {
  for (let waitedMs = 0; waitedMs < MEMORY_TTL_MS && !signal.aborted; waitedMs += PROGRESS_INTERVAL_MS) {
    print.progress('waiting for functions (ms)', waitedMs, MEMORY_TTL_MS);
    await pause(PROGRESS_INTERVAL_MS, signal);
  }
}
