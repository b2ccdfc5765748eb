import type { ReturnValue } from '@aws-sdk/client-dynamodb';
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
import {
  conditionExpression,
  keyOnly,
  putInput,
  returnOldOnFailure,
  transactItem,
  updateInput,
} from './dynamo-requests.ts';
import type { Key, Query, Row, Store, Write } from './store.ts';

const MAX_BATCH_GET_ROUNDS = 8;
const capacity = { ReturnConsumedCapacity: 'TOTAL' } as const;

/**
 * What is undefined is dropped. Any plain object is a map: the SDK's own test reads `constructor`, which a customer may
 * have given as a name.
 */
export const marshallOptions = { removeUndefinedValues: true, convertClassInstanceToMap: true } as const;

/** A table in DynamoDB. What is written is said in its words by `dynamo-writes.ts`, what it refuses in ours by `dynamo-refusals.ts`. */
export function createDynamoStore(client: DynamoDBDocumentClient, table: string): Store {
  const get = async (key: Key): Promise<Row | undefined> => {
    const { Item, ConsumedCapacity } = await client.send(
      new GetCommand({ TableName: table, Key: keyOnly(key), ConsistentRead: true, ...capacity }),
    );
    countCapacity('read', ConsumedCapacity);
    return Item as Row | undefined;
  };

  const patiently = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      throw toBusy(error, table) ?? error;
    }
  };

  return {
    get: (key) => patiently(() => get(key)),
    getMany: (keys) => patiently(() => getMany(client, table, keys)),
    query: (query) => patiently(() => runQuery(client, table, query)),
    write: async (writes, token) => {
      try {
        const [only] = writes;
        // a transaction pays each item twice; one conditional write promises the same for one, but where the SDK repeats
        // it after a lost answer: then a sum would be added twice, and only a transaction's token tells the repeat
        if (writes.length === 1 && only && only.op !== 'check' && !adds(only)) await writeOne(client, table, only);
        else await writeAll(client, table, writes, token);
      } catch (error) {
        throw toWriteRefused(error, writes) ?? error;
      }
    },
  };
}

async function getMany(
  client: DynamoDBDocumentClient,
  table: string,
  keys: readonly Key[],
): Promise<(Row | undefined)[]> {
  const found = new Map<string, Row>();
  const nameOf = ({ pk, sk }: Key) => JSON.stringify([pk, sk]);
  let wanted: Record<string, unknown>[] = [...new Map(keys.map((key) => [nameOf(key), keyOnly(key)])).values()];
  for (let round = 0; wanted.length > 0; round++) {
    if (round === MAX_BATCH_GET_ROUNDS)
      throw new Busy(`${wanted.length} keys of ${table} are still unread after ${round} rounds`);
    const { Responses, UnprocessedKeys, ConsumedCapacity } = await client.send(
      new BatchGetCommand({ RequestItems: { [table]: { Keys: wanted, ConsistentRead: true } }, ...capacity }),
    );
    for (const used of ConsumedCapacity ?? []) countCapacity('read', used);
    for (const item of (Responses?.[table] ?? []) as Row[]) found.set(nameOf(item), item);
    wanted = UnprocessedKeys?.[table]?.Keys ?? [];
  }
  return keys.map((key) => found.get(nameOf(key)));
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

const adds = (write: Write): boolean => write.op === 'update' && Object.keys(write.add ?? {}).length > 0;

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

async function writeOne(
  client: DynamoDBDocumentClient,
  table: string,
  write: Exclude<Write, { op: 'check' }>,
): Promise<void> {
  const options = { ...returnOldOnFailure, ...capacity, ReturnValues: 'NONE' satisfies ReturnValue } as const;
  const { ConsumedCapacity } =
    write.op === 'put'
      ? await client.send(new PutCommand({ ...putInput(table, write), ...options }))
      : write.op === 'update'
        ? await client.send(new UpdateCommand({ ...updateInput(table, write), ...options }))
        : await client.send(
            new DeleteCommand({
              TableName: table,
              Key: keyOnly(write.key),
              ...conditionExpression(write.when),
              ...options,
            }),
          );
  countCapacity('write', ConsumedCapacity);
}
