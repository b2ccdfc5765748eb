import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { describe, expect, test } from 'vitest';
import { clientSettings } from '../../../../lambdas/shared/runtime/client-settings.ts';
import { AlreadyDone, Busy } from '../../../../lambdas/shared/runtime/errors.ts';
import { commit } from '../../../../lambdas/shared/store/commit.ts';
import { createDynamoStore, marshallOptions } from '../../../../lambdas/shared/store/dynamo-store.ts';
import { absent, type Reader, versionIs, type Write, WriteRefused } from '../../../../lambdas/shared/store/store.ts';
import { AwsError, closedConnection, FakeAws } from '../../../support/fake-aws.ts';
import { createSteppingClock, noon } from '../../../support/fixtures.ts';

// Local engines hardly ever cancel a transaction by conflict and never throttle, so these tests run the SDK against a
// server that sends what AWS sends.

const aws = new FakeAws().install();

const DYNAMODB = 'com.amazonaws.dynamodb.v20120810#';
/** The type of throttles that DynamoDB's front end sends. */
const THROTTLED = 'com.amazon.coral.availability#ThrottlingException';
const TABLE = 'oncebox-test-orders';

/** Creates the store as functions have it. Most tests allow one attempt, so that they do not wait for a repetition. */
const createStore = (maxAttempts = 1, settings = {}) => {
  const client = new DynamoDBClient({ ...clientSettings, maxAttempts, ...settings });
  // A copy, because the SDK adds a field to the options, which other tests of the same process use too.
  const translation = { marshallOptions: { ...marshallOptions } };
  return createDynamoStore(DynamoDBDocumentClient.from(client, translation), TABLE);
};

const put = (sk: string): Write => ({ op: 'put', row: { pk: 'ORDER#1', sk, amount: 5 }, when: absent });
const update: Write = { op: 'update', key: { pk: 'ACCOUNT#a', sk: 'STATE' }, set: { version: 4 }, when: versionIs(3) };
const storedItem = { pk: { S: 'ORDER#1' }, sk: { S: 'PAYMENT' }, amount: { N: '7' }, receipts: { M: {} } };
const storedRow = { pk: 'ORDER#1', sk: 'PAYMENT', amount: 7, receipts: {} };

/** A cancelled transaction with one reason for each of its writes, in the format of AWS. */
const cancelled = (...reasons: readonly { Code: string; Item?: unknown; Message?: string }[]) =>
  new AwsError(`${DYNAMODB}TransactionCanceledException`, {
    Message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${reasons
      .map(({ Code }) => Code)
      .join(', ')}]`,
    CancellationReasons: reasons,
  });

/** Waits for a refusal and returns its reasons. Any other error is thrown. */
const reasonsOf = (written: Promise<void>) =>
  written.then(
    () => 'written',
    (error: unknown) => {
      if (error instanceof WriteRefused) return error.reasons;
      throw error;
    },
  );

const refusalOf = (response: AwsError | typeof closedConnection, ...writes: Write[]) => {
  aws.respond = () => response;
  return reasonsOf(createStore().write(writes, 'token'));
};

describe('a cancelled transaction', () => {
  test('is refused with a reason for each write, and with the stored row of a failed condition', async () => {
    const conditionFailed = {
      Code: 'ConditionalCheckFailed',
      Message: 'The conditional request failed',
      Item: storedItem,
    };
    expect(await refusalOf(cancelled({ Code: 'None' }, conditionFailed), update, put('PAYMENT'))).toEqual([
      { kind: 'none' },
      { kind: 'condition', row: storedRow },
    ]);
    expect(aws.requests.map(({ target }) => target)).toEqual(['TransactWriteItems']);
  });

  test('has no row for a failed condition on a row that does not exist', async () => {
    const reasons = await refusalOf(
      cancelled({ Code: 'ConditionalCheckFailed' }, { Code: 'None' }),
      update,
      put('PAYMENT'),
    );
    expect(reasons).toEqual([{ kind: 'condition', row: undefined }, { kind: 'none' }]);
  });

  test.each([
    ['TransactionConflict', 'conflict'],
    ['ThrottlingError', 'throttled'],
    ['ProvisionedThroughputExceeded', 'throttled'],
  ])('by the reason %s is contention, which is retried', async (Code, kind) => {
    const message = { Code, Message: 'Transaction is ongoing for the item' };
    expect(await refusalOf(cancelled(message, { Code: 'None' }), update, put('PAYMENT'))).toEqual([
      { kind },
      { kind: 'none' },
    ]);
  });

  test.each(['ValidationError', 'ItemCollectionSizeLimitExceeded', 'AccessDenied'])(
    'by the reason %s is an error, because no repetition can succeed',
    async (Code) => {
      const response = cancelled({ Code: 'TransactionConflict' }, { Code, Message: 'wrong' });
      await expect(refusalOf(response, update, put('PAYMENT'))).rejects.toMatchObject({
        name: 'TransactionCanceledException',
      });
    },
  );

  test('is not repeated by the SDK', async () => {
    aws.respond = () => cancelled({ Code: 'TransactionConflict' }, { Code: 'None' });
    await reasonsOf(createStore(3).write([update, put('PAYMENT')], 'token'));
    expect(aws.requests).toHaveLength(1);
  });
});

describe('a commit', () => {
  const createWork = () => ({ store: createStore(), clock: createSteppingClock(), deadlineMs: noon + 5000 });

  test('plans again after a transaction conflict, with another ClientRequestToken', async () => {
    const responses = [cancelled({ Code: 'TransactionConflict' }, { Code: 'None' }), {}];
    aws.respond = () => responses.shift();
    let plans = 0;
    await commit(createWork(), async () => ({ writes: [update, put('PAYMENT')], result: ++plans }));
    expect(plans).toBe(2);
    const tokens = aws.requests.map(({ body }) => String(body['ClientRequestToken']));
    expect(new Set(tokens).size).toBe(2);
    // DynamoDB accepts 36 characters at most.
    for (const token of tokens) expect(token).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('throws AlreadyDone with the stored row of the decision', async () => {
    aws.respond = () => cancelled({ Code: 'None' }, { Code: 'ConditionalCheckFailed', Item: storedItem });
    const decision: Write = {
      op: 'put',
      row: { pk: 'ORDER#1', sk: 'PAYMENT', amount: 5 },
      when: absent,
      decides: true,
    };
    const error = await commit(createWork(), async () => ({ writes: [update, decision], result: 'done' })).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(AlreadyDone);
    expect((error as AlreadyDone).row).toEqual(storedRow);
  });
});

/** Errors of a whole request. One write is sent as a single request, several as a transaction. */
const wholeRequests: readonly [string, AwsError | typeof closedConnection, string][] = [
  ['throttled by the table', new AwsError(`${DYNAMODB}ProvisionedThroughputExceededException`), 'throttled'],
  ['throttled by the account', new AwsError(`${DYNAMODB}RequestLimitExceeded`), 'throttled'],
  ['throttled by the front end', new AwsError(THROTTLED), 'throttled'],
  ['answered with an internal error', new AwsError(`${DYNAMODB}InternalServerError`, {}, 500), 'no_response'],
  ['answered with the status 503', new AwsError('ServiceUnavailable', {}, 503), 'no_response'],
  ['not answered, because the connection closes', closedConnection, 'no_response'],
];

describe.each<[string, readonly Write[]]>([
  ['a single write', [put('PAYMENT')]],
  ['a transaction', [update, put('PAYMENT')]],
])('%s', (_, writes) => {
  test.each(wholeRequests)('is refused if it is %s', async (_, response, kind) => {
    expect(await refusalOf(response, ...writes)).toEqual(writes.map(() => ({ kind })));
  });

  test.each(['ValidationException', 'ResourceNotFoundException', 'AccessDeniedException'])(
    'throws %s, because no repetition can succeed',
    async (name) => {
      await expect(refusalOf(new AwsError(`${DYNAMODB}${name}`), ...writes)).rejects.toMatchObject({ name });
    },
  );

  test('that gets no response is repeated by the SDK with the same content', async () => {
    const responses = [closedConnection, {}];
    aws.respond = () => responses.shift();
    expect(await reasonsOf(createStore(3).write(writes, 'token'))).toBe('written');
    expect(aws.requests).toHaveLength(2);
    expect(aws.requests[1]).toEqual(aws.requests[0]);
  });
});

describe('a write that is refused', () => {
  const conditionFailed = cancelled({ Code: 'None' }, { Code: 'ConditionalCheckFailed', Item: storedItem });
  const mayBeWritten = async (...responses: unknown[]): Promise<boolean> => {
    aws.respond = () => responses.shift();
    const error = await createStore(3)
      .write([update, put('PAYMENT')], 'token')
      .catch((thrown: unknown) => thrown);
    if (!(error instanceof WriteRefused)) throw new Error(`expected a refusal, got ${String(error)}`);
    return error.mayBeWritten;
  };

  test('has written nothing if it was sent once', async () => {
    expect(await mayBeWritten(conditionFailed)).toBe(false);
  });

  test('may have been written if an earlier attempt of the SDK got no response', async () => {
    expect(await mayBeWritten(closedConnection, conditionFailed)).toBe(true);
  });
});

describe('a transaction', () => {
  test('has no response yet while an earlier attempt of it is in progress', async () => {
    const response = new AwsError(`${DYNAMODB}TransactionInProgressException`);
    expect(await refusalOf(response, update, put('PAYMENT'))).toEqual([
      { kind: 'no_response' },
      { kind: 'no_response' },
    ]);
  });

  test('throws if its token was used for another one, because that is a bug and no contention', async () => {
    const name = 'IdempotentParameterMismatchException';
    await expect(refusalOf(new AwsError(`${DYNAMODB}${name}`), update, put('PAYMENT'))).rejects.toMatchObject({ name });
  });

  test('is sent with its token and its conditions, and asks for the row of a failed condition', async () => {
    aws.respond = () => ({});
    const seat = { pk: 'SKU#a', sk: 'SEAT#1' };
    await createStore().write([put('PAYMENT'), update, { op: 'delete', key: seat, when: versionIs(1) }], 'token');
    const common = { TableName: TABLE, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' };
    expect(aws.requests[0]).toMatchObject({ target: 'TransactWriteItems', body: { ClientRequestToken: 'token' } });
    expect(aws.requests[0]?.body['TransactItems']).toEqual([
      {
        Put: {
          ...common,
          Item: { pk: { S: 'ORDER#1' }, sk: { S: 'PAYMENT' }, amount: { N: '5' } },
          ConditionExpression: 'attribute_not_exists(pk)',
        },
      },
      {
        Update: {
          ...common,
          Key: { pk: { S: 'ACCOUNT#a' }, sk: { S: 'STATE' } },
          UpdateExpression: 'SET #s0 = :s0',
          ConditionExpression: '#version = :version',
          ExpressionAttributeNames: { '#version': 'version', '#s0': 'version' },
          ExpressionAttributeValues: { ':version': { N: '3' }, ':s0': { N: '4' } },
        },
      },
      {
        Delete: {
          ...common,
          Key: { pk: { S: 'SKU#a' }, sk: { S: 'SEAT#1' } },
          ConditionExpression: '#version = :version',
          ExpressionAttributeNames: { '#version': 'version' },
          ExpressionAttributeValues: { ':version': { N: '1' } },
        },
      },
    ]);
  });
});

describe('a single write', () => {
  test('is refused with the stored row if its condition fails', async () => {
    const response = new AwsError(`${DYNAMODB}ConditionalCheckFailedException`, {
      message: 'The conditional request failed',
      Item: storedItem,
    });
    expect(await refusalOf(response, put('PAYMENT'))).toEqual([{ kind: 'condition', row: storedRow }]);
    expect(aws.requests[0]).toMatchObject({
      target: 'PutItem',
      body: {
        ConditionExpression: 'attribute_not_exists(pk)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    });
  });

  test('is contended while a transaction writes its row', async () => {
    const response = new AwsError(`${DYNAMODB}TransactionConflictException`);
    expect(await refusalOf(response, update)).toEqual([{ kind: 'conflict' }]);
  });
});

const key = { pk: 'ORDER#1', sk: 'PAYMENT' };
const reads: readonly [string, (store: Reader) => Promise<unknown>][] = [
  ['a read of one row', (store) => store.get(key)],
  ['a read of many rows', (store) => store.getMany([key])],
  ['a query', (store) => store.query({ partition: 'ORDER#1' })],
];

describe.each(reads)('%s', (_, read) => {
  test.each(wholeRequests)('throws Busy if it is %s', async (_, response) => {
    aws.respond = () => response;
    await expect(read(createStore())).rejects.toBeInstanceOf(Busy);
  });

  test('throws an error that no repetition can resolve', async () => {
    aws.respond = () => new AwsError(`${DYNAMODB}AccessDeniedException`);
    await expect(read(createStore())).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});

describe('a strongly consistent read', () => {
  test('is requested for one row', async () => {
    aws.respond = () => ({ Item: storedItem });
    expect(await createStore().get(key)).toEqual(storedRow);
    expect(aws.requests[0]).toMatchObject({ target: 'GetItem', body: { ConsistentRead: true } });
  });

  test('is requested for many rows, and again for the keys that were not processed', async () => {
    const otherKey = { pk: { S: 'ORDER#1' }, sk: { S: 'STATE' } };
    const responses = [
      { Responses: { [TABLE]: [storedItem] }, UnprocessedKeys: { [TABLE]: { Keys: [otherKey] } } },
      { Responses: { [TABLE]: [{ ...otherKey, version: { N: '1' } }] } },
    ];
    aws.respond = () => responses.shift();
    const rows = await createStore().getMany([{ pk: 'ORDER#1', sk: 'STATE' }, key]);
    expect(rows).toEqual([{ pk: 'ORDER#1', sk: 'STATE', version: 1 }, storedRow]);
    expect(aws.requests.map(({ body }) => body['RequestItems'])).toMatchObject([
      { [TABLE]: { ConsistentRead: true } },
      { [TABLE]: { ConsistentRead: true, Keys: [otherKey] } },
    ]);
  });

  test('is requested for a partition on every page, but not for an index, which allows none', async () => {
    const responses = [{ Items: [storedItem], LastEvaluatedKey: { pk: storedItem.pk, sk: storedItem.sk } }, {}, {}];
    aws.respond = () => responses.shift();
    expect(await createStore().query({ partition: 'ORDER#1' })).toEqual([storedRow]);
    const index = { name: 'by_user', partitionKey: 'user_id', sortKey: 'placed_at_id' };
    await createStore().query({ partition: 'alice', index });
    expect(aws.requests.map(({ body }) => [body['IndexName'], body['ConsistentRead']])).toEqual([
      [undefined, true],
      [undefined, true],
      ['by_user', undefined],
    ]);
    expect(aws.requests[1]?.body['ExclusiveStartKey']).toEqual({ pk: storedItem.pk, sk: storedItem.sk });
  });
});

describe('a table that hangs', () => {
  test('makes reads throw Busy and writes end without a response at their deadline', async () => {
    aws.hangs = () => true;
    const requestHandler = { requestTimeout: 5000, throwOnRequestTimeout: true };
    const store = () => createStore(1, { requestHandler }).withDeadline(Date.now() + 100);
    /** Expects that a call ends by its deadline, long before the timeout of the request. */
    const beforeTimeout = async <T>(call: Promise<T>): Promise<T> => {
      const startedAt = performance.now();
      const result = await call;
      expect(performance.now() - startedAt).toBeLessThan(4500);
      return result;
    };
    for (const [, read] of reads) await beforeTimeout(expect(read(store())).rejects.toBeInstanceOf(Busy));
    for (const writes of [[put('PAYMENT')], [put('PAYMENT'), update]])
      expect(await beforeTimeout(reasonsOf(store().write(writes, 'token')))).toEqual(
        writes.map(() => ({ kind: 'no_response' })),
      );
  });

  test('gets no write after the deadline', async () => {
    const store = createStore().withDeadline(Date.now());
    await expect(store.write([put('PAYMENT')], 'token')).rejects.toBeInstanceOf(Busy);
    expect(aws.requests).toEqual([]);
  });
});
