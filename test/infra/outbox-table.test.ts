import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { NoEnv } from '../../lambdas/shared/runtime/env.ts';
import { configOf, type Stage } from '../../lib/config.ts';
import { LedgerTable, OutboxTable } from '../../lib/constructs/outbox-table.ts';
import { ServiceFunction } from '../../lib/constructs/service-function.ts';
import { inContext, only } from '../support/synthesized.ts';

interface Policy {
  readonly PolicyDocument: { readonly Statement: readonly { Effect: string; Action: string[]; Resource: unknown }[] };
}

const index = { name: 'by_user', partitionKey: 'by_user', sortKey: 'placed' };
const indexes = [{ index, sorts: 'strings', project: 'keys' }] as const;

function alone(stage: Stage) {
  const stack = new Stack();
  const table = new OutboxTable(stack, 'Orders', { owner: 'orders', config: configOf(stage), indexes });
  return { stack, table, template: Template.fromStack(stack) };
}

describe('OutboxTable', () => {
  it('keeps state and outbox together, streams what is new, and forgets what has expired', () => {
    const { template } = alone('local');
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
            { AttributeName: 'by_user', KeyType: 'HASH' },
            { AttributeName: 'placed', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
    });
  });

  it('outlives its stack on AWS, and goes with it on a laptop', () => {
    const kept = only(alone('prod').template, 'AWS::DynamoDB::Table');
    expect(kept.DeletionPolicy).toBe('Retain');
    expect(kept.Properties).toMatchObject({
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
    const passing = only(alone('local').template, 'AWS::DynamoDB::Table');
    expect(passing.DeletionPolicy).toBe('Delete');
    expect(passing.Properties).toMatchObject({ DeletionProtectionEnabled: false });
  });

  it('gives rights as words: commits never delete, reads never write', () => {
    const { stack, table } = alone('local');
    expect(table.commits.actions).toEqual([
      'dynamodb:GetItem',
      'dynamodb:BatchGetItem',
      'dynamodb:Query',
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
      'dynamodb:ConditionCheckItem',
    ]);
    expect(table.reads.actions).toEqual(['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query']);
    expect(table.deletes.actions).toEqual(['dynamodb:DeleteItem']);
    const resources = JSON.stringify(stack.resolve(table.reads.resources));
    expect(resources).toContain(':table/oncebox-local-orders');
    expect(resources).toContain('/index/by_user');
  });

  it('feeds new outbox records, and these alone, to the relay, and never skips one', () => {
    const template = inContext('local', (context) => {
      const relay = new ServiceFunction(context, 'Relay', {
        entry: 'relay/publish-outbox.ts',
        description: 'Publishes',
        env: NoEnv,
        values: {},
      });
      new OutboxTable(context, 'Orders', { owner: 'orders', config: context.config }).publishTo(relay);
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

describe('LedgerTable', () => {
  it('denies deletion to whoever writes it, and has no word for erasing', () => {
    let ledger: LedgerTable | undefined;
    const template = inContext('local', (context) => {
      const table = new LedgerTable(context, 'Payments', { owner: 'payments', config: context.config, indexes });
      const common = { entry: 'orders/api.ts', description: 'Pays', env: NoEnv, values: {} };
      new ServiceFunction(context, 'Pays', { ...common, access: [table.commits] });
      ledger = table;
    });
    const role = only(template, 'AWS::IAM::Role').Properties['Policies'] as Policy[];
    const denied = role
      .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
      .filter((one) => one.Effect === 'Deny');
    expect(denied.map(({ Action }) => Action)).toEqual([
      ['dynamodb:BatchWriteItem', 'dynamodb:DeleteItem', 'dynamodb:DeleteTable', 'dynamodb:PartiQLDelete'],
    ]);
    expect(JSON.stringify(denied)).toContain(':table/oncebox-local-payments"');
    expect(ledger).not.toHaveProperty('erases');
    // @ts-expect-error and does not compile where one is looked for
    expect(ledger?.erases).toBeUndefined();
  });
});
