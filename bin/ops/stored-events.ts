import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import type { Envelope } from '../../events/envelope.ts';
import { expiresAt, parseOutboxRecord } from '../../lambdas/shared/outbox/outbox-record.ts';
import type { Row } from '../../lambdas/shared/store/store.ts';
import { listTableNames } from './tables.ts';
import type { Target } from './target.ts';

/** Selects events by their time, both limits included, and by their type. Without types, all types are selected. */
export interface EventFilter {
  readonly fromMs: number;
  readonly toMs: number;
  readonly types: readonly string[];
}

/** The segments of a parallel scan. Other engines ignore segments and would return the whole table for each. */
const SEGMENTS_ON_AWS = 8;
/** A record may be written later than the time of its events. The margin also covers the difference of two clocks. */
const TIME_MARGIN_MS = 3_600_000;

/** Returns the selected events of the outbox records, ordered by time. */
export function filterEvents(records: readonly Row[], { fromMs, toMs, types }: EventFilter): Envelope[] {
  return records
    .flatMap(parseOutboxRecord)
    .filter(({ time, type }) => {
      const timeMs = Date.parse(time);
      return timeMs >= fromMs && timeMs <= toMs && (types.length === 0 || types.includes(type));
    })
    .sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
}

export async function* readOutboxPages(target: Target, { fromMs }: EventFilter): AsyncGenerator<Row[]> {
  const client = new DynamoDBClient({});
  const documents = DynamoDBDocumentClient.from(client);
  for (const table of await listTableNames(client, target)) {
    const segments = target.onAws ? SEGMENTS_ON_AWS : 1;
    const readers = Array.from({ length: segments }, (_, Segment) =>
      paginateScan(
        { client: documents },
        {
          TableName: table,
          ConsistentRead: true,
          // The expiry shows when a record was written, so older records are left out by the table. Records with their
          // own TTL expire early, so all that exist are young.
          FilterExpression: 'begins_with(sk, :outbox) AND (expires_at >= :since OR attribute_exists(ttl_seconds))',
          ExpressionAttributeValues: { ':outbox': 'OUTBOX#', ':since': expiresAt(fromMs - TIME_MARGIN_MS) },
          ...(segments === 1 ? {} : { Segment, TotalSegments: segments }),
        },
      ),
    );
    yield* mergePages(readers);
  }
}

async function* mergePages(
  readers: readonly AsyncIterator<{ Items?: Record<string, unknown>[] | undefined }>[],
): AsyncGenerator<Row[]> {
  const readNext = async (reader: (typeof readers)[number]) => ({ reader, page: await reader.next() });
  const pending = new Map(readers.map((reader) => [reader, readNext(reader)]));
  while (pending.size > 0) {
    const { reader, page } = await Promise.race(pending.values());
    if (page.done) {
      pending.delete(reader);
      continue;
    }
    pending.set(reader, readNext(reader));
    yield (page.value.Items ?? []) as Row[];
  }
}
