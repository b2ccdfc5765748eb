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
import { abortAt } from '../runtime/client-settings.ts';
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

/** A table, its client, and the time by which calls must end, in ms since the epoch. */
interface Target {
  readonly client: DynamoDBDocumentClient;
  readonly table: string;
  readonly deadlineMs: number;
}

/** Creates the DynamoDB adapter of a table. Throttled and failed reads throw `Busy`, since they can be repeated. */
export const createDynamoStore = (client: DynamoDBDocumentClient, table: string): Store =>
  storeOf({ client, table, deadlineMs: Number.POSITIVE_INFINITY });

function storeOf(target: Target): Store {
  const orBusy = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      throw toBusy(error, target.table) ?? error;
    }
  };
  return {
    get: (key) => orBusy(() => get(target, key)),
    getMany: (keys) => orBusy(() => getMany(target, keys)),
    query: (query) => orBusy(() => runQuery(target, query)),
    write: async (writes, token) => {
      // A write that is not sent has no unknown outcome.
      if (Date.now() >= target.deadlineMs) throw new Busy(`no time is left to write to ${target.table}`);
      try {
        const [first] = writes;
        // A transaction costs twice the write units. For one row, one conditional write gives the same guarantee.
        if (first && writes.length === 1) await writeOne(target, first);
        else await writeAll(target, writes, token);
      } catch (error) {
        throw toWriteRefused(error, writes) ?? error;
      }
    },
    withDeadline: (deadlineMs) => storeOf({ ...target, deadlineMs }),
  };
}

async function get({ client, table, deadlineMs }: Target, key: Key): Promise<Row | undefined> {
  const { Item, ConsumedCapacity } = await client.send(
    new GetCommand({ TableName: table, Key: keyOnly(key), ConsistentRead: true, ...capacity }),
    abortAt(deadlineMs),
  );
  countCapacity('read', ConsumedCapacity);
  return Item as Row | undefined;
}

async function getMany({ client, table, deadlineMs }: Target, keys: readonly Key[]): Promise<(Row | undefined)[]> {
  const found = new Map<string, Row>();
  const keyText = ({ pk, sk }: Key) => JSON.stringify([pk, sk]);
  let wanted: Record<string, unknown>[] = [...new Map(keys.map((key) => [keyText(key), keyOnly(key)])).values()];
  for (let round = 0; wanted.length > 0; round++) {
    if (round === MAX_BATCH_GET_ROUNDS)
      throw new Busy(`${wanted.length} keys of ${table} are still unread after ${round} rounds`);
    const { Responses, UnprocessedKeys, ConsumedCapacity } = await client.send(
      new BatchGetCommand({ RequestItems: { [table]: { Keys: wanted, ConsistentRead: true } }, ...capacity }),
      abortAt(deadlineMs),
    );
    for (const used of ConsumedCapacity ?? []) countCapacity('read', used);
    for (const item of (Responses?.[table] ?? []) as Row[]) found.set(keyText(item), item);
    wanted = UnprocessedKeys?.[table]?.Keys ?? [];
  }
  return keys.map((key) => found.get(keyText(key)));
}

async function runQuery({ client, table, deadlineMs }: Target, query: Query): Promise<Row[]> {
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
      abortAt(deadlineMs),
    );
    countCapacity('read', page.ConsumedCapacity);
    items.push(...((page.Items ?? []) as Row[]));
    start = page.LastEvaluatedKey;
  } while (start && (query.limit === undefined || items.length < query.limit));
  return items;
}

async function writeAll({ client, table, deadlineMs }: Target, writes: readonly Write[], token: string): Promise<void> {
  const { ConsumedCapacity } = await client.send(
    new TransactWriteCommand({
      TransactItems: writes.map((write) => transactItem(table, write)),
      ClientRequestToken: token,
      ...capacity,
    }),
    abortAt(deadlineMs),
  );
  for (const used of ConsumedCapacity ?? []) countCapacity('write', used);
}

async function writeOne({ client, table, deadlineMs }: Target, write: Write): Promise<void> {
  const { Put, Update, Delete } = transactItem(table, write);
  const options = abortAt(deadlineMs);
  if (Put)
    countCapacity('write', (await client.send(new PutCommand({ ...Put, ...capacity }), options)).ConsumedCapacity);
  if (Update)
    countCapacity(
      'write',
      (await client.send(new UpdateCommand({ ...Update, ...capacity }), options)).ConsumedCapacity,
    );
  if (Delete)
    countCapacity(
      'write',
      (await client.send(new DeleteCommand({ ...Delete, ...capacity }), options)).ConsumedCapacity,
    );
}
