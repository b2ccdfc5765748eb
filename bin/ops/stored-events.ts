import { DynamoDBClient, paginateListTables } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import type { Envelope } from '../../events/envelope.ts';
import { expiresAt, parseOutboxRecord } from '../../lambdas/shared/outbox/outbox-record.ts';
import type { Row } from '../../lambdas/shared/store/store.ts';
import type { Target } from './target.ts';

/** Which of the stored events: those stated in this time, of these types or of all. */
export interface EventFilter {
  readonly from: number;
  readonly to: number;
  readonly types: readonly string[];
}

/** A table is read in so many parts at once. Only DynamoDB itself divides it; another engine would give all of it to each. */
const SEGMENTS_ON_AWS = 8;
/** A record is written after its events are stated, and by clocks that are not this much apart. */
const CLOCKS_APART_MS = 3_600_000;

/** The wanted events of some records, in the order in which they were stated. */
export function filterEvents(records: readonly Row[], { from, to, types }: EventFilter): Envelope[] {
  return records
    .flatMap(parseOutboxRecord)
    .filter(({ time, type }) => {
      const at = Date.parse(time);
      return at >= from && at <= to && (types.length === 0 || types.includes(type));
    })
    .sort((one, other) => Date.parse(one.time) - Date.parse(other.time));
}

/** Every table's outbox, page by page. */
export async function* outboxPages(target: Target, { from }: EventFilter): AsyncGenerator<Row[]> {
  const client = new DynamoDBClient({});
  const documents = DynamoDBDocumentClient.from(client);
  for (const table of await tablesIn(client, target)) {
    const segments = target.onAws ? SEGMENTS_ON_AWS : 1;
    const readers = Array.from({ length: segments }, (_, Segment) =>
      paginateScan(
        { client: documents },
        {
          TableName: table,
          ConsistentRead: true,
          // the expiry tells when a record was written, so older ones need not come over the wire; those that go early
          // are young anyway
          FilterExpression: 'begins_with(sk, :outbox) AND (expires_at >= :since OR attribute_exists(ttl_seconds))',
          ExpressionAttributeValues: { ':outbox': 'OUTBOX#', ':since': expiresAt(from - CLOCKS_APART_MS) },
          ...(segments === 1 ? {} : { Segment, TotalSegments: segments }),
        },
      ),
    );
    yield* merged(readers);
  }
}

async function tablesIn(client: DynamoDBClient, target: Target): Promise<string[]> {
  const names: string[] = [];
  for await (const { TableNames = [] } of paginateListTables({ client }, {})) names.push(...TableNames);
  return names.filter((name) => name.startsWith(`${target.name()}-`)).sort();
}

/** The pages of all readers, each as soon as it is there. */
async function* merged(
  readers: readonly AsyncIterator<{ Items?: Record<string, unknown>[] | undefined }>[],
): AsyncGenerator<Row[]> {
  const next = async (reader: (typeof readers)[number]) => ({ reader, page: await reader.next() });
  const waiting = new Map(readers.map((reader) => [reader, next(reader)]));
  while (waiting.size > 0) {
    const { reader, page } = await Promise.race(waiting.values());
    if (page.done) {
      waiting.delete(reader);
      continue;
    }
    waiting.set(reader, next(reader));
    yield (page.value.Items ?? []) as Row[];
  }
}
