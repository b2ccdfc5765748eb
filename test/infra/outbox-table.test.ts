import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { NoEnv } from '../../lambdas/shared/runtime/env.ts';
import { configOf, type Stage } from '../../lib/config.ts';
import type { Access } from '../../lib/constructs/access.ts';
import { Context } from '../../lib/constructs/context.ts';
import { LedgerTable, OutboxTable } from '../../lib/constructs/outbox-table.ts';
import { ServiceFunction } from '../../lib/constructs/service-function.ts';
import { inContext, only, synthesized } from '../support/synthesized.ts';

interface Policy {
  readonly PolicyDocument: { readonly Statement: readonly { Effect: string; Action: string[]; Resource: unknown }[] };
}

const index = { name: 'by_user', partitionKey: 'user_id', sortKey: 'placed_at_id' };
const indexes = [{ index, sortKeyType: 'string', projection: 'keys' }] as const;

function createTable(stage: Stage) {
  const stack = new Stack();
  const table = new OutboxTable(stack, 'Orders', { config: configOf(stage), indexes });
  return { stack, table, template: Template.fromStack(stack) };
}

describe('OutboxTable', () => {
  test('has the name of the folder of its context', () => {
    const table = new OutboxTable(new Stack(), 'GiftCards', { config: configOf('local') });
    expect([table.owner, table.name]).toEqual(['gift-cards', 'oncebox-local-gift-cards']);
    const props = { config: configOf('local'), errorImpact: 'Customers cannot use gift cards' };
    expect(new Context(new Stack(), 'GiftCards', props).name).toBe('gift-cards');
  });

  test('has the keys, the stream, the TTL and the indexes of a context table', () => {
    const { template } = createTable('local');
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      TableName: 'oncebox-local-orders',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
      TimeToLiveSpecification: { AttributeName: 'expires_at', Enabled: true },
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by_user',
          KeySchema: [
            { AttributeName: 'user_id', KeyType: 'HASH' },
            { AttributeName: 'placed_at_id', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
    });
  });

  test('is retained with backups on AWS, and deleted with its stack on local stages', () => {
    const retained = only(createTable('prod').template, 'AWS::DynamoDB::Table');
    expect(retained.DeletionPolicy).toBe('Retain');
    expect(retained.Properties).toMatchObject({
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
    const deleted = only(createTable('local').template, 'AWS::DynamoDB::Table');
    expect(deleted.DeletionPolicy).toBe('Delete');
    expect(deleted.Properties).toMatchObject({ DeletionProtectionEnabled: false });
  });

  test('allows the named actions on the table alone, and queries on one index alone', () => {
    const { stack, table } = createTable('local');
    const resourcesOf = ({ resources }: Access) => JSON.stringify(stack.resolve(resources));
    expect(table.allows('GetItem', 'PutItem').actions).toEqual(['dynamodb:GetItem', 'dynamodb:PutItem']);
    expect(table.deletes.actions).toEqual(['dynamodb:DeleteItem']);
    for (const access of [table.allows('GetItem'), table.deletes])
      expect(resourcesOf(access)).toMatch(/:table\/oncebox-local-orders"/);
    const queries = table.queries(index);
    expect(queries.actions).toEqual(['dynamodb:Query']);
    expect(resourcesOf(queries)).toMatch(/:table\/oncebox-local-orders\/index\/by_user"/);
    expect(() => table.queries({ ...index, name: 'by_bucket' })).toThrow('oncebox-local-orders has no index by_bucket');
  });

  test('sends only new outbox records to the relay, and skips none', () => {
    const template = inContext('local', (context) => {
      const relay = new ServiceFunction(context, 'Relay', {
        entry: 'relay/publish-outbox.ts',
        invokedBy: 'stream',
        description: 'Publishes',
        env: NoEnv,
        values: {},
      });
      new OutboxTable(context, 'Orders', { config: context.config }).publishTo(relay);
    });
    const { Properties } = only(template, 'AWS::Lambda::EventSourceMapping');
    expect(Properties).toMatchObject({ BatchSize: 100, StartingPosition: 'TRIM_HORIZON', MaximumRetryAttempts: -1 });
    for (const property of ['BisectBatchOnFunctionError', 'FunctionResponseTypes', 'MaximumRecordAgeInSeconds'])
      expect(Properties).not.toHaveProperty(property);
    const { Filters } = Properties['FilterCriteria'] as { Filters: { Pattern: string }[] };
    expect(Filters.map(({ Pattern }) => JSON.parse(Pattern))).toEqual([
      { eventName: ['INSERT'], dynamodb: { Keys: { sk: { S: [{ prefix: 'OUTBOX#' }] } } } },
    ]);
  });
});

describe('the stream mappings of the relay on AWS', () => {
  const prod = synthesized('prod');
  const find = (type: string) => prod.resources.filter(({ Type, stack }) => Type === type && stack.endsWith('-relay'));
  const mappings = find('AWS::Lambda::EventSourceMapping').filter(({ Properties }) => 'StartingPosition' in Properties);

  test('divide a batch that fails, run in parallel, and report records that are about to expire', () => {
    expect(mappings.length).toBeGreaterThanOrEqual(5);
    for (const { Properties } of mappings)
      expect(Properties).toMatchObject({
        BisectBatchOnFunctionError: true,
        ParallelizationFactor: configOf('prod').streams?.parallelizationFactor,
        MaximumRetryAttempts: -1,
        // A stream keeps its records for 24 hours. After that nothing would tell which records are lost.
        MaximumRecordAgeInSeconds: 23 * 3600,
        DestinationConfig: {
          OnFailure: { Destination: { 'Fn::GetAtt': [expect.stringContaining('Expired'), 'Arn'] } },
        },
      });
  });

  test('report to a queue with an alarm, to which the relay may send', () => {
    const [queue] = find('AWS::SQS::Queue').filter(
      ({ Properties }) => Properties['QueueName'] === 'oncebox-prod-relay-publish-outbox-dlq',
    );
    const [alarm] = find('AWS::CloudWatch::Alarm').filter(
      ({ Properties }) => Properties['AlarmName'] === 'oncebox-prod-outbox-expired',
    );
    expect(queue?.Properties).toMatchObject({ MessageRetentionPeriod: 14 * 24 * 3600, SqsManagedSseEnabled: true });
    expect(JSON.stringify(alarm?.Properties['Dimensions'])).toContain(queue?.id);
    expect(alarm?.Properties['AlarmDescription']).toMatch(/runbook\.md#stalled-outbox$/);
    const role = find('AWS::IAM::Role').find(({ id }) => id.startsWith('RelayPublishOutboxRole'));
    const sends = ((role?.Properties['Policies'] ?? []) as Policy[])
      .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
      .filter(({ Action }) => Action.includes('sqs:SendMessage'));
    expect(JSON.stringify(sends)).toContain(`"${queue?.id}"`);
  });
});

describe('LedgerTable', () => {
  test.each(['PutItem', 'UpdateItem'] as const)('denies deletion to a role that may call %s', (action) => {
    const template = inContext('local', (context) => {
      const table = new LedgerTable(context, 'Payments', {
        config: context.config,
        indexes,
        expiringAttributes: ['pk'],
      });
      const common = { entry: 'orders/api.ts', invokedBy: 'api' as const, description: 'Pays', env: NoEnv, values: {} };
      new ServiceFunction(context, 'Pay', { ...common, access: [table.allows(action)] });
    });
    const policies = only(template, 'AWS::IAM::Role').Properties['Policies'] as Policy[];
    const denied = policies
      .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
      .filter((statement) => statement.Effect === 'Deny' && !('Condition' in statement));
    expect(denied.map(({ Action }) => Action)).toEqual([
      ['dynamodb:BatchWriteItem', 'dynamodb:DeleteItem', 'dynamodb:DeleteTable', 'dynamodb:PartiQLDelete'],
    ]);
    expect(JSON.stringify(denied)).toContain(':table/oncebox-local-payments"');
  });

  test('denies nothing to a role that only reads', () => {
    const ledger = new LedgerTable(new Stack(), 'Payments', {
      config: configOf('local'),
      indexes,
      expiringAttributes: ['pk'],
    });
    expect(ledger.allows('GetItem', 'BatchGetItem', 'Query').denied).toBeUndefined();
  });

  test('has no permission for deletes', () => {
    const ledger = new LedgerTable(new Stack(), 'Payments', {
      config: configOf('local'),
      indexes,
      expiringAttributes: ['pk'],
    });
    // @ts-expect-error The type has no such permission either.
    expect(ledger.deletes).toBeUndefined();
  });
});
