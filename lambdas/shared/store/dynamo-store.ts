import {
  BatchGetCommand,
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { Busy } from '../runtime/errors.ts';
import { countCapacity } from '../runtime/observability.ts';
import { toBusy, toWriteRefused } from './dynamo-errors.ts';
import { keyOnly, transactItem } from './dynamo-requests.ts';
import type { Key, Query, Row, Store, Write } from './store.ts';

const MAX_BATCH_GET_ROUNDS = 8;
const capacity = { ReturnConsumedCapacity: 'TOTAL' } as const;

/**
 * Undefined attributes are dropped. Every object is stored as a map: the SDK's own check for plain objects reads the
 * field `constructor`, which a customer may have used as a name in `metadata`.
 */
export const marshallOptions = { removeUndefinedValues: true, convertClassInstanceToMap: true } as const;

/** Creates the DynamoDB adapter of a table. Throttled and failed reads throw `Busy`, since they can be repeated. */
export function createDynamoStore(client: DynamoDBDocumentClient, table: string): Store {
  const orBusy = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      throw toBusy(error, table) ?? error;
    }
  };
  return {
    get: (key) => orBusy(() => get(client, table, key)),
    getMany: (keys) => orBusy(() => getMany(client, table, keys)),
    query: (query) => orBusy(() => runQuery(client, table, query)),
    write: async (writes, token) => {
      try {
        const [first] = writes;
        // A transaction costs twice the write units. For one row, one conditional write gives the same guarantee.
        if (first && writes.length === 1) await writeOne(client, table, first);
        else await writeAll(client, table, writes, token);
      } catch (error) {
        throw toWriteRefused(error, writes) ?? error;
      }
    },
  };
}

async function get(client: DynamoDBDocumentClient, table: string, key: Key): Promise<Row | undefined> {
  const { Item, ConsumedCapacity } = await client.send(
    new GetCommand({ TableName: table, Key: keyOnly(key), ConsistentRead: true, ...capacity }),
  );
  countCapacity('read', ConsumedCapacity);
  return Item as Row | undefined;
}

async function getMany(
  client: DynamoDBDocumentClient,
  table: string,
  keys: readonly Key[],
): Promise<(Row | undefined)[]> {
  const found = new Map<string, Row>();
  const keyText = ({ pk, sk }: Key) => JSON.stringify([pk, sk]);
  let wanted: Record<string, unknown>[] = [...new Map(keys.map((key) => [keyText(key), keyOnly(key)])).values()];
  for (let round = 0; wanted.length > 0; round++) {
    if (round === MAX_BATCH_GET_ROUNDS)
      throw new Busy(`${wanted.length} keys of ${table} are still unread after ${round} rounds`);
    const { Responses, UnprocessedKeys, ConsumedCapacity } = await client.send(
      new BatchGetCommand({ RequestItems: { [table]: { Keys: wanted, ConsistentRead: true } }, ...capacity }),
    );
    for (const used of ConsumedCapacity ?? []) countCapacity('read', used);
    for (const item of (Responses?.[table] ?? []) as Row[]) found.set(keyText(item), item);
    wanted = UnprocessedKeys?.[table]?.Keys ?? [];
  }
  return keys.map((key) => found.get(keyText(key)));
}

async function runQuery(client: DynamoDBDocumentClient, table: string, query: Query): Promise<Row[]> {
  const { partitionKey, sortKey } = query.index ?? { partitionKey: 'pk', sortKey: 'sk' };
  const names: Record<string, string> = { '#hash': partitionKey };
  const values: Record<string, unknown> = { ':hash': query.partition };
  let condition = '#hash = :hash';
  const bound = query.below ?? query.above;
  if (bound !== undefined) {
    names['#sort'] = sortKey;
    values[':bound'] = bound;
    condition += ` AND #sort ${query.below === undefined ? '>' : '<'} :bound`;
  }
  const items: Row[] = [];
  let start: Record<string, unknown> | undefined;
  do {
    const page = await client.send(
      new QueryCommand({
        TableName: table,
        ...(query.index ? { IndexName: query.index.name } : { ConsistentRead: true }),
        KeyConditionExpression: condition,
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: values,
        ScanIndexForward: !query.newestFirst,
        ...(query.limit === undefined ? {} : { Limit: query.limit - items.length }),
        ...(start ? { ExclusiveStartKey: start } : {}),
        ...capacity,
      }),
    );
    countCapacity('read', page.ConsumedCapacity);
    items.push(...((page.Items ?? []) as Row[]));
    start = page.LastEvaluatedKey;
  } while (start && (query.limit === undefined || items.length < query.limit));
  return items;
}

async function writeAll(
  client: DynamoDBDocumentClient,
  table: string,
  writes: readonly Write[],
  token: string,
): Promise<void> {
  const { ConsumedCapacity } = await client.send(
    new TransactWriteCommand({
      TransactItems: writes.map((write) => transactItem(table, write)),
      ClientRequestToken: token,
      ...capacity,
    }),
  );
  for (const used of ConsumedCapacity ?? []) countCapacity('write', used);
}

async function writeOne(client: DynamoDBDocumentClient, table: string, write: Write): Promise<void> {
  const { Put, Update, Delete } = transactItem(table, write);
  if (Put) countCapacity('write', (await client.send(new PutCommand({ ...Put, ...capacity }))).ConsumedCapacity);
  if (Update)
    countCapacity('write', (await client.send(new UpdateCommand({ ...Update, ...capacity }))).ConsumedCapacity);
  if (Delete)
    countCapacity('write', (await client.send(new DeleteCommand({ ...Delete, ...capacity }))).ConsumedCapacity);
}
