import {
  ConditionalCheckFailedException,
  type ReturnValue,
  TransactionCanceledException,
  TransactionInProgressException,
} from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { Busy } from './errors.ts';
import { countCapacity } from './observability.ts';
import {
  type Condition,
  type Item,
  type Key,
  type Query,
  type Reason,
  Refused,
  type Store,
  type Write,
} from './store.ts';

const MAX_BATCH_GET_ROUNDS = 8;
const capacity = { ReturnConsumedCapacity: 'TOTAL' } as const;
const THROTTLES = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'LimitExceededException',
]);

/** Of Node, where a table cannot be reached, or leaves in the middle. */
const UNREACHABLE = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'ENOTFOUND']);

/**
 * What is undefined is dropped. Any plain object is a map: the SDK's own test reads `constructor`, which a customer may
 * have given as a name.
 */
export const marshallOptions = { removeUndefinedValues: true, convertClassInstanceToMap: true } as const;

/** A whole row may stand for its key; the engine refuses attributes that are no part of it. */
const bare = ({ pk, sk }: Key) => ({ pk, sk });

/** A table in DynamoDB. Conditions, keys and reasons are translated here, and nowhere else. */
export function dynamoStore(client: DynamoDBDocumentClient, table: string): Store {
  const get = async (key: Key): Promise<Item | undefined> => {
    const { Item, ConsumedCapacity } = await client.send(
      new GetCommand({ TableName: table, Key: bare(key), ConsistentRead: true, ...capacity }),
    );
    countCapacity('read', ConsumedCapacity);
    return Item as Item | undefined;
  };

  /** Throttled, or away, for longer than the SDK has patience: no failure of ours, and so to be asked again later. */
  const patiently = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      throw THROTTLES.has(nameOf(error)) || isAway(error)
        ? new Busy(`${table} does not answer: ${nameOf(error)}`, { cause: error })
        : error;
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
        throw refusalOf(error, writes) ?? error;
      }
    },
  };
}

async function getMany(
  client: DynamoDBDocumentClient,
  table: string,
  keys: readonly Key[],
): Promise<(Item | undefined)[]> {
  const found = new Map<string, Item>();
  const nameOf = ({ pk, sk }: Key) => JSON.stringify([pk, sk]);
  let wanted: Record<string, unknown>[] = [...new Map(keys.map((key) => [nameOf(key), bare(key)])).values()];
  for (let round = 0; wanted.length > 0; round++) {
    if (round === MAX_BATCH_GET_ROUNDS)
      throw new Busy(`${wanted.length} keys of ${table} are still unread after ${round} rounds`);
    const { Responses, UnprocessedKeys, ConsumedCapacity } = await client.send(
      new BatchGetCommand({ RequestItems: { [table]: { Keys: wanted, ConsistentRead: true } }, ...capacity }),
    );
    for (const used of ConsumedCapacity ?? []) countCapacity('read', used);
    for (const item of (Responses?.[table] ?? []) as Item[]) found.set(nameOf(item), item);
    wanted = UnprocessedKeys?.[table]?.Keys ?? [];
  }
  return keys.map((key) => found.get(nameOf(key)));
}

async function runQuery(client: DynamoDBDocumentClient, table: string, query: Query): Promise<Item[]> {
  const { hash, sort } = query.index ?? { hash: 'pk', sort: 'sk' };
  const names: Record<string, string> = { '#hash': hash };
  const values: Record<string, unknown> = { ':hash': query.hash };
  let condition = '#hash = :hash';
  const bound = query.below ?? query.above;
  if (bound !== undefined) {
    names['#sort'] = sort;
    values[':bound'] = bound;
    condition += ` AND #sort ${query.below === undefined ? '>' : '<'} :bound`;
  }
  const items: Item[] = [];
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
    items.push(...((page.Items ?? []) as Item[]));
    start = page.LastEvaluatedKey;
  } while (start && (query.limit === undefined || items.length < query.limit));
  return items;
}

const adds = (write: Write): boolean => write.op === 'update' && Object.keys(write.add ?? {}).length > 0;

type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];
const returnOld = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;

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

function transactItem(table: string, write: Write): TransactItem {
  switch (write.op) {
    case 'put':
      return { Put: { ...putOf(table, write), ...returnOld } };
    case 'update':
      return { Update: { ...updateOf(table, write), ...returnOld } };
    case 'check':
      return { ConditionCheck: { TableName: table, Key: bare(write.key), ...conditionOf(write.when), ...returnOld } };
    case 'erase':
      return { Delete: { TableName: table, Key: bare(write.key), ...conditionOf(write.when), ...returnOld } };
  }
}

async function writeOne(
  client: DynamoDBDocumentClient,
  table: string,
  write: Exclude<Write, { op: 'check' }>,
): Promise<void> {
  const options = { ...returnOld, ...capacity, ReturnValues: 'NONE' satisfies ReturnValue } as const;
  const { ConsumedCapacity } =
    write.op === 'put'
      ? await client.send(new PutCommand({ ...putOf(table, write), ...options }))
      : write.op === 'update'
        ? await client.send(new UpdateCommand({ ...updateOf(table, write), ...options }))
        : await client.send(
            new DeleteCommand({ TableName: table, Key: bare(write.key), ...conditionOf(write.when), ...options }),
          );
  countCapacity('write', ConsumedCapacity);
}

const putOf = (table: string, write: Extract<Write, { op: 'put' }>) => ({
  TableName: table,
  Item: write.item,
  ...(write.when ? conditionOf(write.when) : {}),
});

function updateOf(table: string, { key, set = {}, add = {}, when }: Extract<Write, { op: 'update' }>) {
  const condition = conditionOf(when);
  const names: Record<string, string> = { ...condition.ExpressionAttributeNames };
  const values: Record<string, unknown> = { ...condition.ExpressionAttributeValues };
  const clause = (fields: Readonly<Record<string, unknown>>, prefix: string, join: string) =>
    Object.entries(fields)
      // what is undefined is not said: a name without its value would be refused
      .filter(([, value]) => value !== undefined)
      .map(([field, value], at) => {
        names[`#${prefix}${at}`] = field;
        values[`:${prefix}${at}`] = value;
        return `#${prefix}${at}${join}:${prefix}${at}`;
      });
  const sets = clause(set, 's', ' = ');
  const adds = clause(add, 'a', ' ');
  return {
    TableName: table,
    Key: bare(key),
    UpdateExpression: [sets.length ? `SET ${sets.join(', ')}` : '', adds.length ? `ADD ${adds.join(', ')}` : '']
      .filter(Boolean)
      .join(' '),
    ConditionExpression: condition.ConditionExpression,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  };
}

interface Expression {
  ConditionExpression: string;
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Record<string, unknown>;
}

function conditionOf(condition: Condition): Expression {
  switch (condition.is) {
    case 'absent':
      return { ConditionExpression: 'attribute_not_exists(pk)' };
    case 'version':
      return {
        ConditionExpression: '#when = :when',
        ExpressionAttributeNames: { '#when': 'version' },
        ExpressionAttributeValues: { ':when': condition.version },
      };
    case 'atLeast':
      return {
        ConditionExpression: '#when >= :when',
        ExpressionAttributeNames: { '#when': condition.field },
        ExpressionAttributeValues: { ':when': condition.value },
      };
  }
}

/** The refusal in our own words, or nothing where the error is no refusal. */
function refusalOf(error: unknown, writes: readonly Write[]): Refused | undefined {
  if (error instanceof TransactionCanceledException) {
    const reasons = (error.CancellationReasons ?? []).map(reasonOf);
    // a validation fault is a bug of ours: trying again would only hide it
    return reasons.length > 0 && reasons.every((reason) => reason !== undefined) ? new Refused(reasons) : undefined;
  }
  if (error instanceof ConditionalCheckFailedException)
    return new Refused([{ why: 'condition', row: error.Item && (unmarshall(error.Item) as Item) }]);
  if (error instanceof TransactionInProgressException || nameOf(error) === 'TransactionConflictException')
    return new Refused(writes.map(() => ({ why: 'conflict' })));
  if (THROTTLES.has(nameOf(error))) return new Refused(writes.map(() => ({ why: 'throttled' })));
  if (isAway(error)) return new Refused(writes.map(() => ({ why: 'away' })));
  return undefined;
}

function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { $fault, $metadata, code } = error as {
    $fault?: string;
    $metadata?: { httpStatusCode?: number };
    code?: string;
  };
  const status = $metadata?.httpStatusCode ?? 0;
  return $fault === 'server' || status >= 500 || error.name === 'TimeoutError' || UNREACHABLE.has(code ?? '');
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

type Cancellation = NonNullable<TransactionCanceledException['CancellationReasons']>[number];

function reasonOf({ Code, Item }: Cancellation): Reason | undefined {
  switch (Code) {
    case undefined:
    case 'None':
      return { why: 'none' };
    case 'ConditionalCheckFailed':
      return { why: 'condition', row: Item && (unmarshall(Item) as Item) };
    case 'TransactionConflict':
      return { why: 'conflict' };
    case 'ThrottlingError':
    case 'ProvisionedThroughputExceeded':
      return { why: 'throttled' };
    default:
      return undefined;
  }
}
